/** An error of the operating system, as Node reports it: ENOSPC, EIO, EFBIG, EACCES, ENOENT and their like. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}

/** Whether a file or folder was not there. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT';
}
