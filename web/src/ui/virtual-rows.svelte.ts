import { untrack } from 'svelte';
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
} from '@tanstack/virtual-core';

export type VirtualRowsOptions = {
  readonly scroller: () => HTMLElement | null;
  readonly rowHeight: number;
  readonly overscan?: number;
};

/** Which rows of a long list are in sight. A thin adapter, because the library's own binding lags behind runes. */
export class VirtualRows {
  #version = $state(0);
  readonly #virtualizer: Virtualizer<HTMLElement, Element>;

  constructor({ scroller, rowHeight, overscan = 8 }: VirtualRowsOptions) {
    this.#virtualizer = new Virtualizer<HTMLElement, Element>({
      count: 0,
      getScrollElement: scroller,
      estimateSize: () => rowHeight,
      overscan,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.#change(),
    });
  }

  /** Attaches to the scroller once it is there. Answers with what detaches. */
  mount(): () => void {
    const unmount = this.#virtualizer._didMount();
    this.#virtualizer._willUpdate();
    return unmount;
  }

  setCount(count: number): void {
    this.#virtualizer.setOptions({ ...this.#virtualizer.options, count });
    this.#virtualizer._willUpdate();
    this.#change();
  }

  /** Rows in sight and a few around them. Reading it follows scrolling and `setCount`. */
  get items(): readonly VirtualItem[] {
    return this.#version >= 0 ? this.#virtualizer.getVirtualItems() : [];
  }

  get totalHeight(): number {
    return this.#version >= 0 ? this.#virtualizer.getTotalSize() : 0;
  }

  /** Effects call what changes it, and must not come to depend on it. */
  #change(): void {
    untrack(() => {
      this.#version += 1;
    });
  }

  reveal(index: number): void {
    this.#virtualizer.scrollToIndex(index, { align: 'auto' });
  }
}
