import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one plain line that any log reader understands. */
export function plainSummary(): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], errors) {
      const states = modules.flatMap((module) =>
        [...module.children.allTests()].map((test) => test.result().state),
      );
      const count = (state: string): number => states.filter((one) => one === state).length;
      const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
      const skipped = count('skipped');
      const tail = skipped === 0 ? '' : `, ${skipped} skipped`;
      process.stdout.write(
        `${count('passed')} passed, ${count('failed') + broken} failed${tail}\n`,
      );
    },
  };
}
