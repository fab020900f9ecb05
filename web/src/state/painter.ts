/**
 * Draws what came, at most once an animation frame. Each step has a frame of its own, since all of them in one take
 * longer than a frame has. Answers with what asks for it.
 */
export function createPainter(
  onframe: (run: () => void) => void,
  steps: readonly (() => void)[],
): () => void {
  let waits = false;
  const draw = (at: number): void =>
    onframe(() => {
      if (at === 0) waits = false;
      steps[at]?.();
      if (at + 1 < steps.length) draw(at + 1);
    });
  return () => {
    if (waits) return;
    waits = true;
    draw(0);
  };
}
