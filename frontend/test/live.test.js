// The live connection: order, no doubles, loss after 15 s, polling, catching up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Live } from "../src/lib/live.js";

class Stream {
  constructor(url) { this.url = url; this.handlers = {}; this.closed = false; }
  addEventListener(name, handler) { this.handlers[name] = handler; }
  close() { this.closed = true; }
  send(seq, kind = "alarm") { this.onmessage({ lastEventId: String(seq), data: JSON.stringify({ kind, payload: { seq } }) }); }
  beat(seq = "") { this.handlers.heartbeat({ lastEventId: String(seq), data: "" }); }
}

function setUp({ after = 10, missed = [] } = {}) {
  const clock = { now: 0 };
  const streams = [];
  const asked = [];
  const live = new Live("alarms", after, {
    source: (url) => { streams.push(new Stream(url)); return streams.at(-1); },
    fetcher: async (url) => { asked.push(url); return { ok: true, json: async () => ({ seq: 0, events: missed.splice(0) }) }; },
    now: () => clock.now,
  });
  clearInterval(live.timer);
  const seen = [];
  const states = [];
  live.on("event", (event) => seen.push(event.seq));
  live.on("state", ({ state }) => { if (states.at(-1) !== state) states.push(state); });
  return { live, clock, streams, asked, seen, states, missed };
}

test("events come once and in order, also when sent again", () => {
  const { streams, seen } = setUp();
  for (const seq of [11, 12, 12, 11, 13]) streams[0].send(seq);
  assert.deepEqual(seen, [11, 12, 13]);
  assert.equal(streams[0].url, "/live?channel=alarms&after=10");
});

test("a heartbeat keeps it alive; 15 s of silence is a loss, with polling by number and a new stream", async () => {
  const { live, clock, streams, asked, seen, states, missed } = setUp();
  streams[0].beat();
  clock.now = 14_000;
  live.watch();
  assert.equal(live.state, "late");
  missed.push({ seq: 11, kind: "alarm" }, { seq: 12, kind: "alarm" });
  clock.now = 15_000;
  live.watch();
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["/live/since?channel=alarms&after=10"]);
  assert.deepEqual(seen, [11, 12]);
  assert.ok(states.includes("lost"));
  assert.equal(live.state, "polling");
  assert.equal(streams.length, 2);
  assert.ok(streams[0].closed);
  assert.equal(streams[1].url, "/live?channel=alarms&after=10", "opened before the poll answered; what doubles is dropped");
});

test("on return the gap is fetched and nothing is seen twice", async () => {
  const { live, clock, streams, seen, missed } = setUp();
  const caught = [];
  live.on("caughtup", ({ seq }) => caught.push(seq));
  clock.now = 16_000;
  live.watch();
  await new Promise(setImmediate);
  missed.push({ seq: 11 }, { seq: 12 });
  streams.at(-1).onopen();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  streams.at(-1).send(12);
  streams.at(-1).send(13);
  assert.deepEqual(seen, [11, 12, 13]);
  assert.deepEqual(caught, [12]);
  assert.equal(live.state, "live");
});

test("a connection without a number takes it from the first heartbeat", () => {
  const { live, streams } = setUp({ after: null });
  assert.equal(streams[0].url, "/live?channel=alarms");
  streams[0].beat(41);
  assert.equal(live.seq, 41);
});
