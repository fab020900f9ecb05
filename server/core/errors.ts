/** Every failure that we expect and can name. `docs/errors.md` lists the same codes. */
export const ERRORS = {
  'bad-query': { status: 400, title: 'The query cannot be read' },
  'bad-request': { status: 400, title: 'The request cannot be read' },
  'bad-time': { status: 400, title: 'The time range cannot be read' },
  'not-found': { status: 404, title: 'Not found' },
  'foreign-origin': { status: 403, title: 'The request comes from another site' },
  'misdirected-host': { status: 421, title: 'This host name is not served' },
  'bad-setting': { status: 500, title: 'A setting cannot be used' },
  'store-newer': { status: 500, title: 'The store was written by a newer version' },
  'store-damaged': { status: 500, title: 'The store is damaged' },
  'store-unusable': { status: 500, title: 'The store cannot be checked' },
  'not-a-store': { status: 400, title: 'The file is no store' },
  'file-exists': { status: 409, title: 'The file exists' },
  'bad-sql': { status: 400, title: 'The statement cannot be run' },
  'store-in-use': { status: 500, title: 'The store is in use' },
  'query-timeout': { status: 503, title: 'The query took too long' },
  busy: { status: 503, title: 'The server is busy' },
  'store-failed': { status: 503, title: 'The store failed' },
  'source-failed': { status: 503, title: 'A source failed' },
  'source-refused': { status: 502, title: 'A source refuses the request' },
  'unreadable-file': { status: 400, title: 'The file cannot be read' },
  'unsupported-file': { status: 400, title: 'The file holds no flows' },
  'bad-file': { status: 400, title: 'The file cannot be used' },
  'cases-differ': { status: 422, title: 'Policy cases come out otherwise' },
  'would-break': { status: 422, title: 'Recorded connections would be denied' },
  'policy-refused': { status: 422, title: 'A cluster would refuse a policy' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** A failure we expect and can name. Anything else that is thrown is a bug. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly status: number;
  /** The message without the title of its code. */
  readonly detail: string;
  /** Facts for machines, such as the position of a query error. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: ErrorOptions & { readonly fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(`${ERRORS[code].title}: ${detail}`, options);
    this.code = code;
    this.status = ERRORS[code].status;
    this.detail = detail;
    this.fields = options.fields ?? {};
  }
}
