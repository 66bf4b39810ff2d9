// Drives node-auth0, unchanged, through every method of flows, vault, users, emails and phone.
import { ManagementClient } from "auth0";
import assert from "node:assert/strict";

const { DOMAIN, CLIENT_ID, CLIENT_SECRET, WEBHOOK_URL } = process.env;
const real = new ManagementClient({
  domain: DOMAIN,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
});
const called = new Set();
const client = watch(real, "client");

// What stands on a client's prototypes: getters lead to further clients, functions are its methods.
function surface(target) {
  const found = {};
  for (let own = Object.getPrototypeOf(target); own !== Object.prototype; ) {
    Object.assign(found, Object.getOwnPropertyDescriptors(own));
    own = Object.getPrototypeOf(own);
  }
  const names = Object.keys(found).filter((name) => name !== "constructor" && !name.startsWith("_"));
  return {
    parts: names.filter((name) => found[name].get),
    methods: names.filter((name) => typeof found[name].value === "function"),
  };
}

function methodsOf(target, path) {
  const { parts, methods } = surface(target);
  return [
    ...methods.map((name) => `${path}.${name}`),
    ...parts.flatMap((name) => methodsOf(target[name], `${path}.${name}`)),
  ];
}

function watch(target, path) {
  const { parts, methods } = surface(target);
  return new Proxy(target, {
    get(from, name) {
      if (parts.includes(name)) return watch(from[name], `${path}.${name}`);
      if (!methods.includes(name)) return from[name];
      called.add(`${path}.${name}`);
      return from[name].bind(from);
    },
  });
}

async function all(page) {
  const items = [];
  for await (const item of await page) items.push(item);
  return items;
}

async function fails(promise, status) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.statusCode, status, error.message);
    return true;
  });
}

const flow = await client.flows.create({
  name: "From node",
  actions: [
    {
      id: "store_a1b2",
      type: "FLOW",
      action: "STORE_VARS",
      params: { vars: { greeting: "hello" } },
    },
  ],
});
assert.match(flow.id, /^af_/);
assert.equal((await client.flows.get(flow.id)).name, "From node");
assert.equal((await client.flows.update(flow.id, { name: "Renamed" })).name, "Renamed");
assert.ok((await all(client.flows.list({ per_page: 1 }))).some((one) => one.id === flow.id));

const grant = await fetch(`https://${DOMAIN}/oauth/token`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    grant_type: "client_credentials",
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    audience: `https://${DOMAIN}/api/v2/`,
  }),
});
const { access_token } = await grant.json();
const started = await fetch(`https://${DOMAIN}/sluiceway/v1/flows/${flow.id}/executions?wait=10`, {
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${access_token}` },
  body: "{}",
});
const record = await started.json();
assert.equal(record.status, "COMPLETED");
assert.deepEqual(
  (await all(client.flows.executions.list(flow.id, { take: 10 }))).map((one) => one.id),
  [record.id],
);
const found = await client.flows.executions.get(flow.id, record.id, { hydrate: ["debug"] });
assert.equal(found.status, "COMPLETED");
assert.ok(found.debug);
await client.flows.executions.delete(flow.id, record.id);
await client.flows.delete(flow.id);
await fails(client.flows.get(flow.id), 404);

const vault = client.flows.vault.connections;
const connection = await vault.create({
  name: "API",
  app_id: "HTTP",
  setup: { type: "BEARER", token: "a-secret-token" },
});
assert.equal(connection.ready, true);
assert.equal((await vault.update(connection.id, { name: "API 2" })).name, "API 2");
assert.ok(!JSON.stringify(await vault.get(connection.id)).includes("a-secret-token"));
assert.ok((await all(vault.list())).some((one) => one.id === connection.id));
await vault.delete(connection.id);

const CONNECTION = "Username-Password-Authentication";
async function newUser(name) {
  const email = `${name}@node.example.com`;
  const made = await client.users.create({
    connection: CONNECTION,
    email,
    password: "A-long-passw0rd",
  });
  return made.user_id;
}

const user = await newUser("ada");
assert.equal((await client.users.get(user)).email, "ada@node.example.com");
const changed = await client.users.update(user, { user_metadata: { a: 1 } });
assert.deepEqual(changed.user_metadata, { a: 1 });
assert.equal((await all(client.users.list({ q: 'email:"ada@node.example.com"' }))).length, 1);
assert.equal((await client.users.listUsersByEmail({ email: "ada@node.example.com" })).length, 1);
assert.ok((await client.users.regenerateRecoveryCode(user)).recovery_code);
await client.users.revokeAccess(user);

const other = await newUser("countess");
const key = other.replace("auth0|", "");
const linked = await client.users.identities.link(user, { provider: "auth0", user_id: key });
assert.deepEqual(linked.map((one) => one.user_id), [user.replace("auth0|", ""), key]);
assert.equal((await client.users.identities.delete(user, "auth0", key)).length, 1);
assert.equal((await client.users.get(other)).email, "countess@node.example.com");

const role = await client.roles.create({ name: "node-clerk" });
const api = await client.resourceServers.create({
  identifier: "https://node.example.com",
  name: "Node",
  scopes: [{ value: "read:things" }],
});
const permissions = [
  { resource_server_identifier: api.identifier, permission_name: "read:things" },
];
await client.users.permissions.create(user, { permissions });
await client.roles.permissions.add(role.id, { permissions });
await client.users.roles.assign(user, { roles: [role.id] });
assert.equal((await all(client.users.roles.list(user)))[0].id, role.id);
assert.equal((await all(client.users.permissions.list(user)))[0].permission_name, "read:things");
const on = { resource_server_identifier: api.identifier };
const effective = await all(client.users.effectivePermissions.list(user, on));
assert.deepEqual(effective[0].sources, ["direct", "effective_roles"]);
const through = client.users.effectivePermissions.sources.roles.list(user, {
  ...on,
  permission_name: "read:things",
});
assert.equal((await all(through))[0].id, role.id);
assert.equal((await all(client.users.effectiveRoles.list(user)))[0].id, role.id);
const groups = client.users.effectiveRoles.sources.groups.list(user, { role_id: role.id });
assert.deepEqual(await all(groups), []);
await client.users.permissions.delete(user, { permissions });
await client.users.roles.delete(user, { roles: [role.id] });
assert.deepEqual(await all(client.users.roles.list(user)), []);
const organization = await client.organizations.create({ name: "node-org" });
await client.organizations.members.create(organization.id, { members: [user] });
assert.equal((await all(client.users.organizations.list(user)))[0].id, organization.id);

const methods = client.users.authenticationMethods;
const method = await methods.create(user, { type: "totp", name: "App" });
assert.equal((await methods.get(user, method.id)).name, "App");
assert.equal((await methods.update(user, method.id, { name: "Other" })).name, "Other");
assert.equal((await all(methods.list(user))).length, 1);
const replaced = await methods.set(user, [{ type: "email", email: "ada@node.example.com" }]);
assert.equal(replaced[0].type, "email");
await methods.delete(user, replaced[0].id);
await methods.deleteAll(user);
await client.users.authenticators.deleteAll(user);

assert.deepEqual(await client.users.enrollments.get(user), []);
for (const none of [
  client.users.logs.list(user),
  client.users.sessions.list(user),
  client.users.refreshToken.list(user),
  client.users.connectedAccounts.list(user),
  client.users.groups.get(user),
]) {
  assert.deepEqual(await all(none), []);
}
await client.users.sessions.delete(user);
await client.users.refreshToken.delete(user);
await client.users.multifactor.invalidateRememberBrowser(user);
await client.users.multifactor.deleteProvider(user, "duo");
await client.users.riskAssessments.clear(user, {
  connection: CONNECTION,
  assessors: ["new-device"],
});
await client.users.delete(user);
await fails(client.users.get(user), 404);

await fails(client.emails.provider.get(), 404);
await client.emails.provider.create({
  name: "sendgrid",
  credentials: { api_key: "SG.a-secret-key" },
  default_from_address: "a@example.com",
});
assert.equal((await client.emails.provider.get()).name, "sendgrid");
assert.equal((await client.emails.provider.update({ enabled: false })).enabled, false);
await client.emails.provider.delete();

const words = {
  template: "welcome_email",
  body: "<p>{{ user.name }}</p>",
  from: "a@example.com",
  subject: "Hi",
  syntax: "liquid",
  enabled: true,
};
await client.emailTemplates.create(words);
assert.equal((await client.emailTemplates.get("welcome_email")).subject, "Hi");
const renamed = await client.emailTemplates.update("welcome_email", { subject: "Ho" });
assert.equal(renamed.subject, "Ho");
assert.equal((await client.emailTemplates.set("welcome_email", words)).subject, "Hi");

const phone = client.branding.phone.providers;
const provider = await phone.create({
  name: "custom",
  disabled: false,
  configuration: { delivery_methods: ["text", "voice"] },
  credentials: { webhook_url: WEBHOOK_URL, webhook_secret: "a-made-up-secret-of-32-bytes" },
});
assert.equal((await phone.get(provider.id)).channel, "phone");
const TESTED = "Test notification successfully sent for processing";
assert.equal((await phone.test(provider.id, { to: "+15550100" })).message, TESTED);
assert.equal((await phone.list()).providers.length, 1);

const templates = client.branding.phone.templates;
const template = await templates.create({
  type: "otp_verify",
  disabled: false,
  content: { from: "+15550100", body: { text: "Code {{ code }}", voice: "Code {{ code }}" } },
});
assert.equal((await templates.get(template.id)).content.syntax, "liquid");
const turned = await templates.update(template.id, { disabled: true });
assert.equal(turned.disabled, true);
assert.ok((await templates.reset(template.id, {})).content.body.text);
const listed = (await templates.list()).templates;
assert.deepEqual(listed.map((one) => one.id).filter(Boolean), [template.id]);
const told = await templates.test(template.id, { to: "+15550100", delivery_method: "voice" });
assert.equal(told.message, TESTED);
await templates.delete(template.id);
assert.equal((await phone.update(provider.id, { disabled: true })).disabled, true);
await phone.delete(provider.id);

const wanted = [
  ...methodsOf(real.flows, "client.flows"),
  ...methodsOf(real.users, "client.users"),
  ...methodsOf(real.emails, "client.emails"),
  ...methodsOf(real.emailTemplates, "client.emailTemplates"),
  ...methodsOf(real.branding.phone, "client.branding.phone"),
];
assert.ok(wanted.length > 60);
assert.deepEqual(
  wanted.filter((name) => !called.has(name)),
  [],
);
console.log(`all ${wanted.length} methods answered as expected`);
