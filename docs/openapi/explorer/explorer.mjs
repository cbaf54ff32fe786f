// Shows openapi.json and sends requests to the server that served this page. Everything is written as text, never as HTML.
// What draws the page is written in function declarations: they exist before the first line runs.
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function byId(id) {
  return document.getElementById(id);
}

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

const api = await (await fetch('/v1/openapi.json')).json();

byId('title').textContent = `${api.info.title} ${api.info.version}`;
byId('description').append(...withCode(api.info.description));

for (const tag of api.tags) {
  const section = element('section', {}, element('h2', { textContent: tag.name }));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name]?.tags?.includes(tag.name))) {
      section.append(operationOf(path, method, item));
    }
  }
  byId('operations').append(section);
}

const codes = api.components.schemas.Error.properties.code.enum;
byId('errors').append(element('ul', {}, ...codes.map((code) => element('li', {}, errorLink(code)))));

function resolve(node) {
  return node?.$ref ? resolve(lookUp(node.$ref)) : node;
}

function lookUp(reference) {
  return reference
    .slice('#/'.length)
    .split('/')
    .reduce((node, key) => node[key], api);
}

function operationOf(path, method, item) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  const inputs = parameters.map((parameter) => ({ parameter, input: inputFor(parameter) }));
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = media && element('textarea', { rows: 8, value: JSON.stringify(media.example ?? {}, null, 2) });
  const answer = element('pre', { hidden: true });
  const send = element('button', { type: 'button', textContent: 'Send' });
  send.addEventListener('click', () => void run(path, method, inputs, body && { type, text: body.value }, answer));
  return element(
    'details',
    { id: operation.operationId },
    element(
      'summary',
      {},
      element('b', { textContent: method.toUpperCase() }),
      element('code', { textContent: path }),
      ` ${operation.summary}`,
    ),
    element('p', {}, ...withCode(operation.description)),
    ...inputs.map(({ parameter, input }) => labelled(parameter, input)),
    ...(body ? [element('label', {}, `Body, ${type}`, body)] : []),
    send,
    element('p', {}, ...answersOf(operation)),
    answer,
  );
}

function inputFor(parameter) {
  const schema = resolve(parameter.schema);
  return element('input', { placeholder: String(parameter.example ?? schema.example ?? schema.default ?? '') });
}

function labelled(parameter, input) {
  const required = parameter.required ? ', required' : '';
  const about = `${parameter.in}${required}: ${parameter.description}`;
  return element('label', {}, element('code', { textContent: parameter.name }), ' ', small(about), input);
}

function errorLink(code) {
  return element('a', { href: `/v1/errors#error-${code}`, textContent: code });
}

function small(text) {
  return element('small', {}, ...withCode(text));
}

// The document writes names in backticks, as Markdown has them.
function withCode(text = '') {
  return text
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? element('code', { textContent: part }) : part));
}

function answersOf(operation) {
  return Object.entries(operation.responses).map(([status, answer]) =>
    small(`${status} ${resolve(answer).description} `),
  );
}

async function run(path, method, inputs, body, answer) {
  const query = new URLSearchParams();
  const headers = { accept: 'application/json, */*;q=0.1', authorization: `Bearer ${byId('token').value.trim()}` };
  let target = path;
  for (const { parameter, input } of inputs) {
    const value = input.value;
    if (parameter.in === 'path') target = target.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== '' && parameter.in === 'query') query.set(parameter.name, value);
    else if (value !== '') headers[parameter.name] = value;
  }
  if (body) headers['content-type'] = body.type;
  const search = query.size > 0 ? `?${query}` : '';
  answer.hidden = false;
  try {
    const response = await fetch(target + search, { method: method.toUpperCase(), headers, body: body?.text });
    const text = await response.text();
    answer.textContent = `${response.status}\n${[...response.headers].map((pair) => pair.join(': ')).join('\n')}\n\n${pretty(text)}`;
  } catch (error) {
    answer.textContent = String(error);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
