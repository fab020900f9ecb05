import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files take long, the longest first. */
const SLOW = ['/test/e2e/', '/test/crash/', '/test/integration/', '/test/conformance/'];

/**
 * Puts files of slow folders first, so that no worker begins a long one when the others are done. Vitest knows how
 * long a file takes only where it has run before; in a fresh clone it goes by size, and a crash test is a small file.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const at = SLOW.findIndex((folder) => moduleId.includes(folder));
  return at < 0 ? SLOW.length : at;
}
