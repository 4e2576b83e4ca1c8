/** How commands that work on files tell of what went wrong: one line on standard error, and the exit code. */
import { ConfigError } from '../config/load.ts';
import { ServiceError } from '../errors.ts';

/** Exit codes: a run that failed, and options that cannot be used. */
const FAILED = 1;
const BAD_USAGE = 2;

/** An option that cannot be used; the message has the value and the remedy. */
export class UsageError extends Error {}

/** The action of a command. Errors with a code of their own are left to main.ts, which knows what they mean. */
export function explainingErrors<Options>(run: (options: Options) => Promise<void>) {
  return async (options: Options): Promise<void> => {
    try {
      await run(options);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof ServiceError || error instanceof ConfigError) throw error;
      process.stderr.write(`${error.message}\n`);
      process.exitCode = error instanceof UsageError ? BAD_USAGE : FAILED;
    }
  };
}
