/** One choice of a menu. */
export type MenuItem = {
  readonly id: string;
  readonly label: string;
  /** What more there is to know, such as how much it is; in place of it for what cannot be chosen, why. */
  readonly detail?: string;
  readonly disabled?: boolean;
  /** A file that choosing it downloads; else `onchoose` says what it does. */
  readonly href?: string;
};
