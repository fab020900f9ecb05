/** Asks again until the check answers without throwing, and throws its last failure when time is up. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  {
    timeoutMs = 20_000,
    everyMs = 20,
  }: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
