// notifications/: what operators and users are told until they dismiss it.
import { NOTIFICATION_CATEGORIES, type Notification } from '#model/objects.ts'
import type { RegionState } from '#state/state.ts'
import { json, type Call } from '../call.ts'
import { fieldError, forbidden } from '../errors.ts'
import { objectRoutes, rowOf } from '../object-routes.ts'
import { choice, custom, flag, longText, text } from '../params.ts'
import { renderNotification } from '../render/objects.ts'
import { operation, takingNothing, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

type Context = Notification['context']
const CONTEXT_CHARACTERS_MAX = 16 << 10

function parseContext(given: string): Context | undefined {
  try {
    const value: unknown = JSON.parse(given)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    // Our encoding gives `__proto__` another name, lest it become a prototype.
    const isFlat = Object.entries(value).every(
      ([name, item]) => name !== '__proto__' && (item === null || typeof item !== 'object'),
    )
    return isFlat ? (value as Context) : undefined
  } catch {
    return undefined
  }
}

const params = {
  message: longText('What is said; {name} is replaced from the context.', {
    ...{ required: true, max: 8_192 },
  }),
  context: custom<Context>(
    'JSON object of names and plain values.',
    { type: 'string', maxLength: CONTEXT_CHARACTERS_MAX },
    (form, name) => {
      const given = form.input.text(name)
      if (given === undefined || given === '') return undefined
      const value = given.length > CONTEXT_CHARACTERS_MAX ? undefined : parseContext(given)
      return value ?? form.report(name, 'Enter a JSON object of plain values.')
    },
  ),
  category: choice('How serious it is; info by default.', NOTIFICATION_CATEGORIES),
  ident: text('Name under which it can be found again, unique.', { max: 40 }),
  user: text('Name or id of the one user it is for.', { max: 150 }),
  users: flag('It is for all users that are no administrators.'),
  admins: flag('It is for all administrators.'),
  dismissable: flag('Whether a user can make it go away.'),
}

const standard: Omit<Notification, 'id' | 'dismissedBy'> = {
  ...{ ident: null, userId: null, users: false, admins: false, message: '', context: {} },
  ...{ category: 'info', dismissable: true },
}

function userIdOf(state: RegionState, given: string | undefined) {
  if (given === undefined) return undefined
  if (given === '') return null
  const byName = state.usersByUsername.first(given)
  const user = byName ?? state.users.get((parseId(given) ?? -1) as never)
  if (user === undefined) throw fieldError('user', `There is no user ${given.slice(0, 64)}.`)
  return user.id
}

/** Those it is for, and administrators, who manage all of them. */
function isFor(row: Notification, call: Call): boolean {
  const { user } = call
  return row.userId === user.id || (user.isSuperuser ? row.admins : row.users)
}

const ROUTES = { table: 'notifications' as const, model: 'Notification' }

function visibleRow(state: RegionState, call: Call): Notification {
  const row = rowOf(ROUTES, state, call)
  if (!call.isAdmin && !isFor(row, call)) throw forbidden()
  return row
}

export const NOTIFICATIONS: readonly Resource[] = objectRoutes({
  ...{ ...ROUTES, readers: 'user', params, standard },
  words: ['notification', 'notifications'],
  names: ['NotificationsHandler', 'NotificationHandler'],
  paths: ['notifications/', 'notifications/{id}/'],
  fieldsOf: (values, _call, state) =>
    present({
      message: values.message,
      context: values.context,
      category: values.category,
      ident: values.ident === '' ? null : values.ident,
      userId: userIdOf(state, values.user),
      users: values.users,
      admins: values.admins,
      dismissable: values.dismissable,
    }),
  find: (state, call) => {
    const row = state.notifications.get(parseId(call.param('id')) ?? -1)
    if (row !== undefined && !call.isAdmin && !isFor(row, call)) throw forbidden()
    return row
  },
  listed: (row, call) => isFor(row, call) && !row.dismissedBy.includes(call.user.id),
  render: renderNotification,
  more: [
    takingNothing(
      operation('POST', 'dismiss', { doc: 'Do not show it to you again.' }, async (call) => {
        const { id } = visibleRow(await call.state(), call)
        await call.propose({ type: 'notification.dismiss', id, userId: call.user.id })
        return json(null)
      }),
    ),
  ],
})
