/**
 * Which pages may call the control API: those it serves itself. Browsers say with Origin where a page comes from; other
 * programs send none.
 */
export function isForeignOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return false;
  try {
    return new URL(origin).host !== (host ?? '').toLowerCase();
  } catch {
    // Also `null`, which sandboxed pages and files send.
    return true;
  }
}
