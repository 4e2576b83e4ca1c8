/** What can go wrong with a database, told apart by what to do about it. */

/**
 * `damaged`: the file is not what SQLite wrote. `newer`: a later version wrote it. `unusable`: the disk or the file
 * system does not let us, for now. `refused`: the statement itself, such as a second record of the same key.
 */
export type DatabaseFaultKind = 'damaged' | 'newer' | 'unusable' | 'refused';

export class DatabaseFault extends Error {
  readonly kind: DatabaseFaultKind;

  constructor(kind: DatabaseFaultKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DatabaseFault';
    this.kind = kind;
  }
}

/** Primary result codes (sqlite.org/rescode.html): CORRUPT and NOTADB. */
const DAMAGED = new Set([11, 26]);
/** What a damaged header gives with the code of any error. */
const DAMAGED_HEADER = 'unsupported file format';
/** PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL, NOLFS, AUTH. */
const UNUSABLE = new Set([3, 5, 6, 7, 8, 10, 13, 14, 15, 22, 23]);

/** An error of node:sqlite or of the file system as a fault. */
export function faultOf(error: unknown): DatabaseFault {
  if (error instanceof DatabaseFault) return error;
  const { errcode, message, syscall } = error as { errcode?: number; message?: string; syscall?: string };
  const text = message ?? String(error);
  // Extended codes carry the primary one in their lowest byte.
  const code = errcode === undefined ? undefined : errcode & 0xff;
  const isDamaged = (code !== undefined && DAMAGED.has(code)) || text === DAMAGED_HEADER;
  if (isDamaged) return new DatabaseFault('damaged', text, { cause: error });
  const isUnusable = syscall !== undefined || (code !== undefined && UNUSABLE.has(code));
  return new DatabaseFault(isUnusable ? 'unusable' : 'refused', text, { cause: error });
}
