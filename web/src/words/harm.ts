import type { HarmKind } from '../../../server/core/harm.ts';

/** Told apart by shape too, so that colour is never alone. */
export const HARM_MARKS: Readonly<Record<HarmKind, string>> = {
  harmful: '▲',
  recovered: '↻',
  noise: '∼',
  unclear: '?',
};

export const HARM_ABOUT: Readonly<Record<HarmKind, string>> = {
  harmful: 'tried again in vain, or worked before',
  recovered: 'tried again, and went through within 30 s',
  noise: 'nobody waits for it',
  unclear: 'the flows around it do not tell',
};
