/** Ids in paths. None of them can name a file elsewhere: no slashes, and no dots but single ones within. */
import { z } from 'zod';

/** Of a job, model, incident, anomaly, exclusion or feedback. */
export const identifier = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][\w-]*(\.[\w-]+)*$/, 'not an id')
  .describe('Id, as the list shows it.');

export const byId = z.strictObject({ id: identifier });

/** The pseudonym of a user, as lists show it. */
export const userPseudonym = z
  .string()
  .regex(/^u_[0-9a-f]{16}$/, 'not a pseudonym such as u_1f2e3d4c5b6a7988')
  .describe('Pseudonym of a user, as the lists show it.');
