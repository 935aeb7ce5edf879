import { withReadShare } from "../case.js";
import type { Contestant } from "../contestant.js";
import { race } from "../race.js";
import { bytesRead, ours, plain, READ, READ_BYTES, reading, slots } from "./contestants.js";
import { madeData } from "./data.js";
import { atMost, p50Of, ratioOf, stagesOf, type Part } from "./part.js";

const ROWS = 1_000_000;

/** What a search of a million may be restricted to, and what else it may ask; C++ alone. */
const WAYS: Readonly<Record<string, readonly (string | number)[]>> = {
  candidates1000: ["candidates", 1000],
  gallery10000: ["gallery", 10_000],
  "filter-1%": ["gallery", ROWS / 100],
  "filter-10%": ["gallery", ROWS / 10],
  "filter-50%": ["gallery", ROWS / 2],
  "range-0.6": ["within", 0.6],
  nearest1000: ["nearest", 1000],
  "half-deleted": ["thinned", 50],
};

export const restricted: Part = async (progress) => {
  const data = await madeData(progress, "clustered", { dimension: 128, rows: ROWS }, [ROWS]);
  const names = Object.keys(WAYS);
  // Each holds a million vectors: not all of them at once.
  const groups = [names.slice(0, 4), names.slice(4)];
  const rows = [];
  const facts: Record<string, number> = {};
  for (const group of groups) {
    const { rows: raced, ready } = await race(
      [
        reading(progress),
        ...(group.includes("candidates1000")
          ? [slots(SLOTS, data, 1000, progress, { iterations: 200 })]
          : []),
        ...group.map((name) =>
          ours(name, data, WAYS[name] ?? [], progress, { iterations: FAST.has(name) ? 200 : 10 }),
        ),
      ],
      { rounds: 7, iterations: 3, progress },
    );
    const bytes: Record<string, number> = { [READ]: READ_BYTES };
    for (const name of group) {
      const read = bytesRead(data.dimension, ready.get(name)?.facts);
      if (read !== undefined && !FAST.has(name)) bytes[name] = read;
    }
    rows.push(...withReadShare(raced, READ, bytes).filter(({ name }) => name !== READ));
    Object.assign(facts, stagesOf(ready, group));
  }
  return {
    rows,
    ratios: {},
    facts,
    checks: [
      atMost(`${SLOTS}, ms`, p50Of(rows, SLOTS), 0.06),
      atMost("gallery10000, ms", p50Of(rows, "gallery10000"), 0.2),
      ...names.map((name) => atMost(`${name}, wrong hits`, facts[`${name}, wrong`], 0)),
    ],
  };
};

/** The same candidates without looking up their ids. */
const SLOTS = "candidates1000-slots";

/** Over in less than the clock's noise if they ran only some times. */
const FAST: ReadonlySet<string> = new Set(["candidates1000", "gallery10000"]);

const WORST_ROWS = 500_000;

/** Data that no code can tell apart: at most twice a plain scan of the floats. */
export const worst: Part = async (progress) => {
  const contestants: Contestant[] = [];
  const kinds = ["duplicates", "equidistant"] as const;
  for (const kind of kinds) {
    const data = await madeData(progress, kind, { dimension: 128, rows: WORST_ROWS });
    contestants.push(ours(kind, data, ["alone"], progress), plain(`${kind}-plain`, data, progress));
  }
  const { rows, ready } = await race(contestants, { rounds: 7, iterations: 5, progress });
  const slower = (kind: string) => {
    const ratio = ratioOf(rows, kind, `${kind}-plain`);
    return ratio === null ? null : 1 / ratio;
  };
  const facts = stagesOf(ready, kinds);
  return {
    rows,
    ratios: Object.fromEntries(
      kinds.map((kind) => [`${kind}/${kind}-plain`, ratioOf(rows, kind, `${kind}-plain`)]),
    ),
    facts,
    checks: kinds.flatMap((kind) => [
      atMost(`${kind}, times a plain scan`, slower(kind), 2),
      atMost(`${kind}, wrong hits`, facts[`${kind}, wrong`], 0),
    ]),
  };
};
