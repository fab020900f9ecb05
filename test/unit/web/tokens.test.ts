import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../../../web/src/styles/tokens.css', import.meta.url), 'utf8');

type Pair = { readonly light: string; readonly dark: string };

const tokens = new Map<string, Pair>(
  [...css.matchAll(/--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
);

function luminance(hex: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function token(name: string): Pair {
  const pair = tokens.get(name);
  if (pair === undefined) throw new Error(`tokens.css has no --${name}`);
  return pair;
}

const TEXT = [
  'text',
  'muted',
  'verdict-allowed',
  'verdict-dropped',
  'verdict-audit',
  'verdict-error',
  'verdict-unknown',
  'loss',
  'focus',
];
const SURFACES = ['background', 'raised'];
const cases = (['light', 'dark'] as const).flatMap((theme) =>
  SURFACES.flatMap((surface) => TEXT.map((name) => ({ theme, surface, name }))),
);

describe('the colour tokens', () => {
  test.each(cases)('$name reads on $surface in the $theme theme', ({ theme, surface, name }) => {
    expect(contrast(token(name)[theme], token(surface)[theme])).toBeGreaterThanOrEqual(4.6);
  });

  test.each(['light', 'dark'] as const)(
    'outlines of controls stand out in the %s theme',
    (theme) => {
      for (const surface of SURFACES)
        expect(contrast(token('control-line')[theme], token(surface)[theme])).toBeGreaterThan(3);
    },
  );

  test.each(['light', 'dark'] as const)(
    'text reads on hovered and chosen rows in the %s theme',
    (theme) => {
      for (const surface of ['hover', 'selected'])
        for (const name of ['text', 'muted', 'verdict-allowed', 'verdict-dropped', 'verdict-audit'])
          expect(contrast(token(name)[theme], token(surface)[theme])).toBeGreaterThanOrEqual(4.5);
    },
  );

  test('are the design’s', () => {
    expect(token('verdict-allowed')).toEqual({ light: '#0560d6', dark: '#a9d3ff' });
    expect(token('verdict-dropped')).toEqual({ light: '#8f1d0b', dark: '#ff6633' });
    expect(token('verdict-audit')).toEqual({ light: '#8f6900', dark: '#ebd08a' });
    expect(token('loss')).toEqual({ light: '#5a0a70', dark: '#cf5cf5' });
  });
});
