import { expect, test } from 'vitest';
import { createPainter } from '../../../web/src/state/painter.ts';

function frames() {
  const waiting: (() => void)[] = [];
  const drawn: string[] = [];
  const paint = createPainter(
    (run) => void waiting.push(run),
    [() => void drawn.push('rows'), () => void drawn.push('drops')],
  );
  return { paint, drawn, waiting, next: () => waiting.shift()?.() };
}

test('each step is drawn in a frame of its own', () => {
  const { paint, drawn, next } = frames();
  paint();
  expect(drawn).toEqual([]);
  next();
  expect(drawn).toEqual(['rows']);
  next();
  expect(drawn).toEqual(['rows', 'drops']);
});

test('what comes before the frame is drawn with it, and what comes after asks for another', () => {
  const { paint, drawn, waiting, next } = frames();
  paint();
  paint();
  expect(waiting).toHaveLength(1);
  next();
  paint();
  while (waiting.length > 0) next();
  expect(drawn).toEqual(['rows', 'drops', 'rows', 'drops']);
});
