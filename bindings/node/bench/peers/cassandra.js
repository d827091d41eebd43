import driver from "cassandra-driver";

const { Client, types } = driver;

// lgstore's own statements (docs/data-model.md).
const place = "WHERE prefix = ? AND key = ?";
const cells = "value = ?, created_at = ?, updated_at = ?, version = ?, ttl_seconds = ?, sub_ms = ?";
const update = `UPDATE store USING TIMESTAMP ? AND TTL ? SET ${cells} ${place}`;
const select = `SELECT key, value, created_at, updated_at, version, ttl_seconds, sub_ms, WRITETIME(value), TTL(value) FROM store ${place}`;
// What a program with a design of its own would read.
const few = `SELECT value, created_at, updated_at, version FROM store ${place}`;

/**
 * Items in lgstore's table by Cassandra's driver for Node: prepared statements that say that they may be repeated, one
 * client for all. What it answers is what a program makes of it: parsed values.
 *
 * @param {string} contactPoint
 * @param {string} keyspace where lgstore has made its tables
 */
export async function cassandra(contactPoint, keyspace) {
  const client = new Client({
    contactPoints: [contactPoint],
    localDataCenter: await dataCenter(contactPoint),
    keyspace,
    queryOptions: { consistency: types.consistencies.localQuorum, prepare: true, isIdempotent: true },
    socketOptions: { readTimeout: 30_000 },
  });
  await client.connect();
  // Of these a time UUID is made without asking for randomness each time.
  const [node, clock] = [Buffer.from("lgsben"), Buffer.from("ch")];
  const get = async (query, namespace, key) => {
    const row = (await client.execute(query, [namespace.join("."), key])).first();
    if (row === null) return null;
    const { value, created_at: createdAt, updated_at: updatedAt, version } = row;
    return { namespace, key, value: JSON.parse(value), createdAt, updatedAt, version };
  };
  return {
    get: (namespace, key) => get(select, namespace, key),
    getFew: (namespace, key) => get(few, namespace, key),
    async put(namespace, key, value) {
      const now = new Date();
      const time = types.Long.fromNumber(now.getTime() * 1000);
      const version = types.TimeUuid.now(node, clock);
      const written = [JSON.stringify(value), now, now, version, null, 0];
      await client.execute(update, [time, 0, ...written, namespace.join("."), key]);
    },
    close: () => client.shutdown(),
  };
}

async function dataCenter(contactPoint) {
  const client = new Client({ contactPoints: [contactPoint], policies: anyDataCenter() });
  try {
    const answer = await client.execute("SELECT data_center FROM system.local");
    return answer.first().data_center;
  } finally {
    await client.shutdown();
  }
}

function anyDataCenter() {
  return { loadBalancing: new driver.policies.loadBalancing.RoundRobinPolicy() };
}
