// Drives node-auth0, unchanged, through every method of flows, vault, users, emails and phone.
import { ManagementClient } from "auth0";
import assert from "node:assert/strict";

const { DOMAIN, CLIENT_ID, CLIENT_SECRET } = process.env;
const client = new ManagementClient({
  domain: DOMAIN,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
});

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

const user = await client.users.create({
  connection: "Username-Password-Authentication",
  email: "node@example.com",
  password: "A-long-passw0rd",
});
assert.equal((await client.users.get(user.user_id)).email, "node@example.com");
const changed = await client.users.update(user.user_id, { user_metadata: { a: 1 } });
assert.deepEqual(changed.user_metadata, { a: 1 });
assert.equal((await all(client.users.list({ q: 'email:"node@example.com"' }))).length, 1);
assert.equal((await client.users.listUsersByEmail({ email: "node@example.com" })).length, 1);
assert.ok((await client.users.regenerateRecoveryCode(user.user_id)).recovery_code);
await client.users.delete(user.user_id);
await fails(client.users.get(user.user_id), 404);

await fails(client.emails.provider.get(), 404);
await client.emails.provider.create({
  name: "sendgrid",
  credentials: { api_key: "SG.a-secret-key" },
  default_from_address: "a@example.com",
});
assert.equal((await client.emails.provider.get()).name, "sendgrid");
assert.equal((await client.emails.provider.update({ enabled: false })).enabled, false);
await client.emails.provider.delete();

const phone = client.branding.phone.providers;
const provider = await phone.create({
  name: "twilio",
  disabled: false,
  configuration: { sid: "AC1", default_from: "+15550100", delivery_methods: ["text"] },
  credentials: { auth_token: "a-secret-token" },
});
assert.equal((await phone.get(provider.id)).channel, "phone");
assert.equal((await phone.update(provider.id, { disabled: true })).disabled, true);
assert.equal((await phone.list()).providers.length, 1);
await phone.delete(provider.id);

console.log("all methods answered as expected");
