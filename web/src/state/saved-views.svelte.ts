import type { Problem } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';
import {
  BUILT_IN,
  readView,
  readViews,
  type SavedView,
  type ViewFacts,
  writeViews,
} from './saved-view.ts';

const KEY = 'dropwise.views';

export type SavedViewsOptions = {
  readonly api: Pick<Api, 'views' | 'putView' | 'deleteView'>;
  readonly storage: Storage;
  /** An id that nothing else has. */
  readonly newId: () => string;
};

/** Views with a name: those that come with the program, this browser's own, and those that all users share. */
export class SavedViews {
  readonly builtIn = BUILT_IN;
  #personal = $state.raw<readonly SavedView[]>([]);
  #shared = $state.raw<readonly SavedView[]>([]);
  #problem = $state.raw<Problem | undefined>();
  readonly #options: SavedViewsOptions;

  constructor(options: SavedViewsOptions) {
    this.#options = options;
    this.#personal = readViews(options.storage.getItem(KEY) ?? '[]') ?? [];
  }

  get personal(): readonly SavedView[] {
    return this.#personal;
  }

  get shared(): readonly SavedView[] {
    return this.#shared;
  }

  /** Why shared views could not be read or changed. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  get all(): readonly SavedView[] {
    return [...this.builtIn, ...this.#personal, ...this.#shared];
  }

  /** Reads the shared ones. */
  async load(): Promise<void> {
    await this.#asking(async () => {
      this.#shared = await this.#read();
    });
  }

  /** Keeps a view; one of the same name and kind is replaced. */
  async save(name: string, facts: ViewFacts, where: 'personal' | 'shared'): Promise<void> {
    const list = where === 'personal' ? this.#personal : this.#shared;
    const id = list.find((view) => view.name === name)?.id ?? this.#options.newId();
    const view = { id, name, ...facts };
    if (where === 'personal') this.#keep([...this.#personal.filter((old) => old.id !== id), view]);
    else
      await this.#asking(async () => {
        const { q, ...rest } = view;
        await this.#options.api.putView({ ...rest, query: q, shared: true });
        this.#shared = await this.#read();
      });
  }

  async remove(view: SavedView): Promise<void> {
    if (this.#personal.includes(view)) this.#keep(this.#personal.filter((old) => old !== view));
    else
      await this.#asking(async () => {
        await this.#options.api.deleteView(view.id);
        this.#shared = await this.#read();
      });
  }

  /** Text of a file with the personal views. */
  toFile(): string {
    return writeViews(this.#personal);
  }

  /** Adds the views of a file; answers with how many, or `undefined` when it is no such file. */
  fromFile(text: string): number | undefined {
    const read = readViews(text);
    if (read === undefined) return undefined;
    const names = read.map(({ name }) => name);
    const added = read.map((view) => ({ ...view, id: this.#options.newId() }));
    this.#keep([...this.#personal.filter(({ name }) => !names.includes(name)), ...added]);
    return read.length;
  }

  #keep(views: readonly SavedView[]): void {
    this.#personal = views;
    this.#options.storage.setItem(KEY, writeViews(views));
  }

  async #read(): Promise<readonly SavedView[]> {
    const { views } = await this.#options.api.views();
    return views
      .filter(({ shared }) => shared)
      .flatMap(({ query, ...view }) => readView({ ...view, q: query }));
  }

  async #asking(ask: () => Promise<unknown>): Promise<void> {
    try {
      await ask();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = problemOf(error);
    }
  }
}
