import { perJob, withReadShare, type CaseResult, type Row } from "../case.js";
import type { Ready } from "../contestant.js";
import { race } from "../race.js";
import { bytesRead, faiss, ours, plain, READ, READ_BYTES, reading } from "./contestants.js";
import type { FaissOptions } from "./contestants.js";
import { fittedData, madeData, type SearchData } from "./data.js";
import { atLeast, p50Of, ratioOf, recalls, stagesOf, type Part } from "./part.js";

const ROWS = 1_000_000;
const TOGETHER = 16;
/** So many queries at a time suit FAISS's matrix multiplication. */
const BATCH = 250;

/** FAISS's flat index of floats as it was built for the wider instructions. */
const BUILT = ["faiss-avx2", "faiss-native"] as const;
const FLAT: Readonly<Record<string, FaissOptions>> = {
  "faiss-debian": { build: "debian", kind: "flat", iterations: 3 },
  "faiss-avx2": { build: "avx2", kind: "flat" },
  "faiss-native": { build: "native", kind: "flat" },
};
const OTHERS: Readonly<Record<string, FaissOptions>> = {
  "faiss-debian-sq8": { build: "debian", kind: "sq8", iterations: 2 },
  "faiss-avx2-sq8": { build: "avx2", kind: "sq8" },
  "faiss-native-sq8": { build: "native", kind: "sq8" },
  "faiss-debian-batch": { build: "debian", kind: "flat", atOnce: BATCH, iterations: 1 },
  "faiss-native-batch": { build: "native", kind: "flat", atOnce: BATCH, iterations: 1 },
};

/** The ten nearest of a million vectors in C++: FAISS, and the speed of memory. */
export const million: Part = async (progress) => {
  const shape = { dimension: 128, rows: ROWS };
  const data = await madeData(progress, "clustered", shape, [ROWS]);
  const result = await compare("search1m", data, { ...FLAT, ...OTHERS }, progress);
  const { rows } = result;
  const best = bestOf(rows);
  const toBest = best === undefined ? null : ratioOf(rows, "search1m", best);
  const stated = rows.find(({ name }) => name === "search1m");
  const share = stated !== undefined && "readShare" in stated ? stated.readShare : undefined;
  return {
    ...result,
    ratios: {
      "search1m/faiss-debian": ratioOf(rows, "search1m", "faiss-debian"),
      "search1m/faiss-best": toBest,
      "search1m-16/search1m": ratioOf(rows, "search1m-16", "search1m"),
      "search1m/faiss-debian-sq8": ratioOf(rows, "search1m", "faiss-debian-sq8"),
      "search1m/faiss-avx2-sq8": ratioOf(rows, "search1m", "faiss-avx2-sq8"),
      "search1m/faiss-native-sq8": ratioOf(rows, "search1m", "faiss-native-sq8"),
      "search1m-16/faiss-native-batch": ratioOf(rows, "search1m-16", "faiss-native-batch"),
    },
    checks: [
      ...(result.checks ?? []),
      atLeast("1M, by Debian's FAISS", ratioOf(rows, "search1m", "faiss-debian"), 10),
      atLeast("1M, by the best FAISS", toBest, 2.5),
      atLeast("1M, share of the read bandwidth", share, 0.85),
      atLeast("1M, 16 at once by one", ratioOf(rows, "search1m-16", "search1m"), 5),
    ],
  };
};

/** The same where the mated pictures and the scatter are real. */
export const real: Part = async (progress) => {
  const data = await fittedData(progress, ROWS);
  const flat = Object.entries(FLAT).map(([name, options]) => [`real-${name}`, options] as const);
  const result = await compare("real1m", data, Object.fromEntries(flat), progress);
  const { rows } = result;
  const names = flat.map(([name]) => name);
  return {
    ...result,
    ratios: Object.fromEntries(
      names.map((name) => [`real1m/${name}`, ratioOf(rows, "real1m", name)]),
    ),
  };
};

/** The same for longer vectors: as many bytes, a quarter of the rows. */
export const longer: Part = async (progress) => {
  const data = await madeData(progress, "clustered", { dimension: 512, rows: ROWS / 4 }, [
    ROWS / 4,
  ]);
  const peer = "faiss-native-512";
  const result = await compare(
    "search512",
    data,
    { [peer]: { build: "native", kind: "flat" } },
    progress,
  );
  return { ...result, ratios: { [`search512/${peer}`]: ratioOf(result.rows, "search512", peer) } };
};

async function compare(
  name: string,
  data: SearchData,
  peers: Readonly<Record<string, FaissOptions>>,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const together = `${name}-${String(TOGETHER)}`;
  const scan = `${name}-plain`;
  const { rows, ready } = await race(
    [
      reading(progress),
      ours(name, data, ["alone"], progress),
      ours(together, data, ["together", TOGETHER], progress, { iterations: 2 }),
      plain(scan, data, progress),
      ...Object.entries(peers).map(([peer, options]) => faiss(peer, data, options, progress)),
    ],
    { rounds: 7, iterations: 5, progress },
  );
  const floats = data.rows * data.dimension * 4;
  const bytes: Record<string, number> = { [READ]: READ_BYTES, [scan]: floats };
  for (const [peer, { kind, atOnce = 1 }] of Object.entries(peers)) {
    if (atOnce === 1) bytes[peer] = kind === "flat" ? floats : floats / 4;
  }
  const own = bytesRead(data.dimension, ready.get(name)?.facts);
  if (own !== undefined) bytes[name] = own;
  const named = [name, together, scan, ...Object.keys(peers)];
  const recall = recalls(ready, named, data, data.rows);
  const shared = withReadShare(rows, READ, bytes).map((row): Row => {
    const atOnce = row.name === together ? TOGETHER : (peers[row.name]?.atOnce ?? 1);
    const label = row.name === READ && name !== "search1m" ? `${name}-read` : row.name;
    return { ...(atOnce === 1 ? row : perJob(row, atOnce, "queries")), name: label };
  });
  return {
    rows: shared,
    ratios: {},
    facts: {
      [`${name}, read GB/s`]: READ_BYTES / 1e6 / (p50Of(rows, READ) ?? NaN),
      ...stagesOf(ready, [name]),
      ...recall,
    },
    checks: exact(ready, name, recall),
  };
}

/** Ours may not miss one, by the truth of the parent nor by the program's own. */
function exact(
  ready: ReadonlyMap<string, Ready>,
  name: string,
  recall: Readonly<Record<string, number>>,
) {
  const together = `${name}-${String(TOGETHER)}`;
  return [
    atLeast(`${name}, recall@10`, recall[`${name}, recall@10`], 1),
    atLeast(`${together}, recall@10`, recall[`${together}, recall@10`], 1),
  ].filter((check) => ready.has(check.name.split(",")[0] ?? ""));
}

function bestOf(rows: readonly Row[]): string | undefined {
  const known = BUILT.filter((name) => p50Of(rows, name) !== undefined);
  return known.toSorted((a, b) => (p50Of(rows, a) ?? 0) - (p50Of(rows, b) ?? 0))[0];
}
