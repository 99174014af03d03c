// Shows the OpenAPI documents of this region: operations by group, their parameters and answers, and a curl command for
// each. Everything comes from the region itself; text goes into the page as text, never as markup.
const DOCUMENTS = {
  maas: { name: 'MAAS API 2.0', url: '/MAAS/api/2.0/openapi.json' },
  v1: { name: 'API v1', url: '/api/v1/openapi.json' },
}
/** Schemas that others refer to, by name. */
let components = {}
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

const $ = (id) => document.getElementById(id)

/** An element with its properties and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value !== undefined) element.setAttribute(name, value)
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

const chosen = new URLSearchParams(location.search).get('api') === 'v1' ? 'v1' : 'maas'

function showDocuments() {
  for (const [id, { name }] of Object.entries(DOCUMENTS)) {
    const current = id === chosen ? 'page' : undefined
    $('documents').append(make('a', { href: `?api=${id}`, 'aria-current': current }, name))
  }
}

/** Operations by group, in the order of the document. */
function groupsOf({ paths }) {
  const groups = new Map()
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = item[method]
      if (operation === undefined) continue
      const group = operation.tags?.[0] ?? 'other'
      if (!groups.has(group)) groups.set(group, [])
      groups.get(group).push({ path, method, operation, text: wordsOf(path, method, operation) })
    }
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What the filter looks in. */
function wordsOf(path, method, operation) {
  const names = operation.parameters.map(({ name }) => name)
  const fields = Object.keys(fieldsOf(operation)?.properties ?? {})
  return [method, path, operation.summary, ...names, ...fields].join(' ').toLowerCase()
}

function fieldsOf({ requestBody }) {
  return Object.values(requestBody?.content ?? {})[0]?.schema
}

function showGroups(groups) {
  const list = make('ul')
  for (const [group, rows] of groups) {
    const link = make(
      'a',
      { href: `#group-${group}` },
      group,
      make('span', {}, String(rows.length)),
    )
    list.append(make('li', { 'data-group': group }, link))
  }
  $('groups').append(list)
}

function showOperations({ info }, groups) {
  const main = $('operations')
  const about = info.description ?? 'JSON bodies; errors are problem+json (RFC 9457).'
  main.append(make('p', {}, `${info.title}, version ${info.version}. ${about}`))
  for (const [group, rows] of groups) {
    const section = make('section', { 'aria-labelledby': `group-${group}`, 'data-group': group })
    section.append(make('h2', { id: `group-${group}` }, group))
    for (const row of rows) section.append(operationOf(row))
    main.append(section)
  }
}

function operationOf(row) {
  const { path, method, operation } = row
  const details = make('details', { id: operation.operationId })
  const shown = make('span', { class: 'path' })
  // What all paths have in common would only fill the lines.
  for (const part of path.replace(/^\/MAAS\/api\/2\.0|^\/api\/v1/, '').split(/(\{\w+\})/)) {
    shown.append(part.startsWith('{') ? make('b', {}, part) : part)
  }
  details.append(
    make(
      'summary',
      {},
      make('span', { class: `method ${method}` }, method.toUpperCase()),
      shown,
      make('span', { class: 'what' }, operation.summary),
      make('span', { class: 'access' }, operation['x-access'] ?? 'user'),
    ),
  )
  // The inside is made when it is looked at: a document has hundreds of operations.
  details.addEventListener('toggle', () => {
    if (!details.open) return
    history.replaceState(null, '', `#${operation.operationId}`)
    if (details.childElementCount === 1) details.append(insideOf(row))
  })
  row.details = details
  return details
}

function insideOf({ path, method, operation }) {
  const inside = make('div', { class: 'body' })
  const places = { path: 'In the path', query: 'In the query', header: 'Headers' }
  for (const [place, title] of Object.entries(places)) {
    const rows = operation.parameters
      .filter((one) => one.in === place)
      .map(({ name, required, schema, description }) => [name, required, schema, description])
    if (rows.length > 0) inside.append(make('h3', {}, title), tableOf(rows))
  }
  const fields = fieldsOf(operation)
  if (operation.requestBody !== undefined) {
    const types = Object.keys(operation.requestBody.content).join(' or ')
    inside.append(make('h3', {}, `Body, ${types}`), bodyOf(fields))
  }
  inside.append(make('h3', {}, 'Answers'), answersOf(operation.responses))
  inside.append(make('h3', {}, 'With curl'), copyable(curlOf(path, method, operation)))
  return inside
}

function bodyOf(schema) {
  const properties = { ...schema?.properties, ...schema?.patternProperties }
  const required = schema?.required ?? []
  const rows = Object.entries(properties).map(([name, one]) => {
    return [name, required.includes(name), one, one.description]
  })
  return rows.length === 0
    ? make('p', {}, schema ? 'Nothing is read from it.' : 'Bytes.')
    : tableOf(rows)
}

function tableOf(rows) {
  const head = ['Name', 'Value', 'Meaning'].map((text) => make('th', { scope: 'col' }, text))
  const table = make('table', {}, make('thead', {}, make('tr', {}, ...head)))
  const body = make('tbody')
  for (const [name, required, schema, description] of rows) {
    const mark = required ? make('span', { class: 'required' }, ' required') : null
    body.append(
      make(
        'tr',
        {},
        make('td', {}, name, mark),
        make('td', {}, kindOf(schema)),
        make('td', {}, description ?? ''),
      ),
    )
  }
  table.append(body)
  return table
}

const KINDS = { string: 'text', integer: 'whole number', boolean: 'true or false', null: 'nothing' }

/** A schema in a few words. */
function kindOf(schema = {}) {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)
  if (schema.anyOf !== undefined) return schema.anyOf.map(kindOf).join(' or ')
  if (schema.enum !== undefined) return schema.enum.join(', ')
  if (schema.type === 'array') return `list of ${kindOf(schema.items)}`
  const limits = []
  if (schema.minimum !== undefined) limits.push(`from ${schema.minimum}`)
  if (schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER) {
    limits.push(`to ${schema.maximum}`)
  }
  if (schema.maxLength !== undefined) limits.push(`at most ${schema.maxLength} characters`)
  const type = [schema.type ?? 'anything']
    .flat()
    .map((name) => KINDS[name] ?? name)
    .join(' or ')
  return [type, ...limits].join(', ').replace(', to', ' to')
}

function answersOf(responses) {
  const parts = []
  for (const [status, { description, content = {} }] of Object.entries(responses)) {
    const types = Object.keys(content).join(', ')
    parts.push(make('p', {}, `${status}: ${description}${types === '' ? '' : ` ${types}`}`))
    const schema = content['application/json']?.schema
    if (schema !== undefined && typeof exampleOf(schema) === 'object') {
      const shape = make('pre', { tabindex: '0' }, JSON.stringify(exampleOf(schema), null, 2))
      parts.push(make('details', {}, make('summary', {}, 'Its shape'), shape))
    }
  }
  return make('div', {}, ...parts)
}

/** The shape of what comes, with kinds in the places of values. */
function exampleOf(schema, depth = 0) {
  const isDeep = depth > 4 && (schema.$ref ?? schema.properties ?? schema.items) !== undefined
  if (isDeep) return '…'
  if (schema.$ref !== undefined) {
    return exampleOf(components[schema.$ref.split('/').at(-1)] ?? {}, depth + 1)
  }
  if (schema.items !== undefined) return [exampleOf(schema.items, depth + 1)]
  if (schema.properties === undefined) return kindOf(schema)
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, one]) => [name, exampleOf(one, depth + 1)]),
  )
}

function curlOf(path, method, { parameters, requestBody, security }) {
  const query = parameters
    .filter((one) => one.in === 'query' && one.required)
    .map(({ name }) => `${name}=${name.toUpperCase()}`)
  const place = path.replaceAll(/\{(\w+)\}/g, (_, name) => name.toUpperCase())
  const url = `${location.origin}${place}${query.length === 0 ? '' : `?${query.join('&')}`}`
  const lines = [`curl -X ${method.toUpperCase()} '${url}'`]
  if (security?.length !== 0) lines.push(`-H "Authorization: Bearer $API_KEY"`)
  const [type] = Object.keys(requestBody?.content ?? {})
  const schema = requestBody?.content[type]?.schema
  const names = schema?.required ?? []
  if (type?.includes('json')) {
    const body = Object.fromEntries(names.map((name) => [name, name.toUpperCase()]))
    lines.push(`-H 'Content-Type: ${type}'`, `-d '${JSON.stringify(body)}'`)
  } else if (type === 'application/octet-stream') lines.push('--data-binary @FILE')
  else for (const name of names) lines.push(`-F '${name}=${name.toUpperCase()}'`)
  return lines.join(' \\\n  ')
}

function copyable(text) {
  const button = make('button', { type: 'button' }, 'Copy')
  button.addEventListener('click', async () => {
    button.textContent = (await copied(text)) ? 'Copied' : 'Select it by hand'
    setTimeout(() => (button.textContent = 'Copy'), 2_000)
  })
  return make('div', { class: 'copy' }, make('pre', { tabindex: '0' }, text), button)
}

/** The clipboard is there over HTTPS and on this host only; elsewhere the old way. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = make('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

function startFilter(groups) {
  const apply = () => {
    const words = $('filter').value.toLowerCase().split(/\s+/)
    let count = 0
    for (const [group, rows] of groups) {
      let left = 0
      for (const row of rows) {
        row.details.hidden = !words.every((word) => row.text.includes(word))
        if (!row.details.hidden) left++
      }
      for (const element of document.querySelectorAll(`[data-group="${CSS.escape(group)}"]`)) {
        element.hidden = left === 0
      }
      count += left
    }
    $('count').textContent = `${count} operations`
  }
  $('filter').addEventListener('input', apply)
  $('search').addEventListener('submit', (event) => event.preventDefault())
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    $('filter').focus()
  })
  apply()
}

function openNamed() {
  const found = location.hash === '' ? null : $(decodeURIComponent(location.hash.slice(1)))
  if (found === null) return
  if (found instanceof HTMLDetailsElement) found.open = true
  found.scrollIntoView()
}

async function start() {
  showDocuments()
  try {
    const response = await fetch(DOCUMENTS[chosen].url)
    if (!response.ok) throw new Error(`The region answered ${response.status}.`)
    const found = await response.json()
    components = found.components?.schemas ?? {}
    const groups = groupsOf(found)
    showGroups(groups)
    showOperations(found, groups)
    startFilter(groups)
    openNamed()
    addEventListener('hashchange', openNamed)
  } catch (error) {
    $('operations').append(make('p', { role: 'alert' }, `There is no document: ${error.message}`))
  }
}

await start()
