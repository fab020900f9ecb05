import { tick } from 'svelte';

/** Goes to the Why section of the panel that is open, or that is just being opened. */
export async function focusWhy(): Promise<void> {
  await tick();
  document.querySelector<HTMLElement>('[data-why]')?.focus();
}
