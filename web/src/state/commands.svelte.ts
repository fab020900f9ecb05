/** Something that a person may do now: by its key, or from the command palette. */
export type Command = {
  readonly id: string;
  readonly label: string;
  /** As `ui/keys.ts` has them. */
  readonly keys?: string;
  readonly run: () => void;
};

/** What can be done on the screen that is shown. Made once; screens add theirs while they are there. */
export class Commands {
  #lists = $state.raw<readonly (readonly Command[])[]>([]);

  get all(): readonly Command[] {
    return this.#lists.flat();
  }

  /** Answers with what takes them away again. */
  add(list: readonly Command[]): () => void {
    this.#lists = [...this.#lists, list];
    return () => {
      this.#lists = this.#lists.filter((other) => other !== list);
    };
  }
}

/** Commands that have keys, as `bindKeys` takes them. */
export const keysOf = (list: readonly Command[]): Readonly<Record<string, () => void>> =>
  Object.fromEntries(list.flatMap(({ keys, run }) => (keys === undefined ? [] : [[keys, run]])));
