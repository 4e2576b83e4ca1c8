/** `/users`: who is unusual, by pseudonym, and what is usual for them. */
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { UserList, UserSummary } from '../../pipeline/user-list.ts';
import type { ControlApp } from '../call.ts';
import { userPseudonym } from '../identifier.ts';
import { instant, instantOutput } from '../instant.ts';
import { finite, measure } from '../measure.ts';
import { order, pageAnswer, pageOf, pageOfList, pageQuery } from '../page.ts';

export type UsersView = Pick<UserList, 'list' | 'get'>;

const usersQuery = pageQuery.extend({
  min_score: z.coerce.number().min(0).max(1).optional(),
  sort: z.enum(['score', 'calls', 'last']).default('score'),
  order,
});

const userSchema = z.object({
  user: z.string().describe('Pseudonym.'),
  score: z.number().min(0).max(1).describe('Of the latest five minutes with calls.'),
  evidence: measure.describe('Nats.'),
  behavior: z.string().nullable(),
  calls: z.number().describe('In those five minutes.'),
  windows: z.number().describe('Five-minute windows with calls that are over: how well it is known.'),
  last: instantOutput.describe('Latest call.'),
  identity: z.string().nullable().describe('Attribute that identifies it.'),
  mature: z.boolean().describe('Whether it has proved itself and is kept before newcomers.'),
  series: z.array(z.number()).describe('Active windows by hour of the day, UTC; for a sparkline.'),
});

const profileSchema = userSchema.extend({
  usual_week: z.array(z.number()).describe('Active windows by hour of the week from Monday 0 h UTC: 168 numbers.'),
  hour_now: z.int().describe('Hour of the week now, 0 to 167.'),
  endpoints: z
    .array(z.object({ service: z.string(), endpoint: z.string(), share: z.number() }))
    .describe('Endpoints it uses most and their share of its calls.'),
  features: z
    .array(z.object({ name: z.string(), unit: z.string(), observed: measure, usual: measure }))
    .describe('Of the latest five minutes with calls, and their usual values for this user.'),
});

function userAnswer(user: UserSummary): z.output<typeof userSchema> {
  return {
    user: user.user,
    score: user.score,
    evidence: finite(user.evidence),
    behavior: user.behavior ?? null,
    calls: user.calls,
    windows: user.windows,
    last: instant(user.lastMs),
    identity: user.identity ?? null,
    mature: user.isMature,
    series: [...user.series],
  };
}

export function addUserRoutes(app: ControlApp, users: UsersView): void {
  const tags = ['entities'];
  app.get(
    '/users',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'Users active within a day by pseudonym, at most 1000, the most unusual first',
        querystring: usersQuery,
        response: { 200: pageOf(userSchema) },
      },
    },
    async ({ query: { sort, order: direction, min_score: minScore, ...page } }) =>
      pageAnswer(pageOfList(await users.list({ sort, order: direction, minScore }), page), userAnswer),
  );
  app.get(
    '/users/:id',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'One user: its score and what is usual for it',
        params: z.strictObject({ id: userPseudonym }),
        response: { 200: profileSchema },
      },
    },
    ({ params: { id } }) => {
      const profile = users.get(id);
      if (profile === undefined) {
        throw new ServiceError('no_such_record', { noun: 'user', id, list: 'GET /api/v1/users' });
      }
      return {
        ...userAnswer(profile),
        usual_week: [...profile.usualWeek],
        hour_now: profile.hourNow,
        endpoints: profile.endpoints.map((endpoint) => ({ ...endpoint })),
        features: profile.features.map(({ name, unit, observed, usual }) => ({
          name,
          unit,
          observed: finite(observed),
          usual: finite(usual),
        })),
      };
    },
  );
}
