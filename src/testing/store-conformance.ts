import assert from "node:assert/strict";

import type { Store } from "../stores/store.js";
import { changeRules } from "./rules-changes.js";
import { concurrencyRules } from "./rules-concurrency.js";
import { durabilityRules } from "./rules-durability.js";
import { filterRules } from "./rules-filter.js";
import { idRules } from "./rules-ids.js";
import { lifecycleRules } from "./rules-lifecycle.js";
import { ownershipRules } from "./rules-ownership.js";
import { recordRules } from "./rules-records.js";
import { restrictionRules } from "./rules-restrictions.js";
import { revisionRules } from "./rules-revisions.js";
import { rowRules } from "./rules-rows.js";
import { searchRules } from "./rules-search.js";
import { transactionRules } from "./rules-transactions.js";
import { type Need, type Rule, type StorePlace, Trial } from "./trial.js";

export type { StorePlace } from "./trial.js";

/**
 * The caller's `test`: of node:test, Vitest, or Jest (`it` too). The third argument is a limit in
 * milliseconds, which Vitest and Jest take.
 */
export type TestFunction = (name: string, run: () => Promise<void>, limitMs: number) => unknown;

export interface ConformanceOptions {
  /** Put before the name of each rule. Default "store". */
  readonly name?: string;
  /** Makes a new, empty place for one rule. */
  readonly place: () => StorePlace | Promise<StorePlace>;
  /**
   * Why the rules with 100,000 rows are left out, if they are: "a hosted database, by the minute".
   * They take seconds in one process.
   */
  readonly leaveOutRows?: string;
}

/** The rows take seconds here; ten times that for a busy machine. */
const LIMIT_MS = 120_000;

/**
 * Tests a store against the `Store` contract: registers some hundred tests, each in a place of its
 * own. What the store's `supports` says it lacks is skipped, and must be refused with
 * `COUNTENANCE_UNSUPPORTED`.
 *
 * @example
 * import { test } from "node:test";
 * import { storeConformance } from "countenance/testing";
 *
 * storeConformance(test, { place: () => ({ open: () => openMyStore() }) });
 */
export function storeConformance(test: TestFunction, options: ConformanceOptions): void {
  const { name: prefix = "store", place, leaveOutRows } = options;
  const rule: Rule = (name, body, ...needs) => {
    // node:test and Vitest pass a context, by which a test can skip itself; Jest passes none.
    const run = async (...context: readonly unknown[]): Promise<void> => {
      const trial = new Trial(await place());
      let skipped: string | undefined;
      try {
        for (const need of needs) skipped ??= await lack(trial, need, leaveOutRows);
        if (skipped === undefined) await body(trial);
      } finally {
        await trial.end();
      }
      if (skipped !== undefined) skip(context[0], skipped);
    };
    const condition = needs.length === 0 ? "" : ` [${needs.join(", ")}]`;
    test(`${prefix}${condition}: ${name}`, run, LIMIT_MS);
  };
  rule("supports says what the store can do", async (trial) => {
    const { supports } = await trial.ready();
    for (const flag of ["exact", "durable", "filter", "changes"] as const) {
      assert.equal(typeof supports[flag], "boolean", `supports.${flag}`);
    }
    for (const flag of ["returnsVector", "transactions", "readYourWrites"] as const) {
      assert.equal(supports[flag], true, `supports.${flag}`);
    }
    assert.ok(Number.isInteger(supports.maxDimension) && supports.maxDimension >= 1);
  });
  for (const rules of ALL_RULES) rules(rule);
}

const ALL_RULES: readonly ((rule: Rule) => void)[] = [
  lifecycleRules,
  recordRules,
  idRules,
  transactionRules,
  revisionRules,
  searchRules,
  restrictionRules,
  filterRules,
  changeRules,
  concurrencyRules,
  ownershipRules,
  durabilityRules,
  rowRules,
];

/** Why a rule cannot be tried; `undefined` when it can. */
async function lack(
  trial: Trial,
  need: Need,
  leaveOutRows: string | undefined,
): Promise<string | undefined> {
  if (need === "rows") return leaveOutRows && `left out by its caller: ${leaveOutRows}`;
  const store: Store = await trial.open();
  const capability = need === "crash" ? "durable" : need;
  if (!store.supports[capability]) return `supports.${capability} is false`;
  if (need === "crash" && !trial.canCrash) return "the place has no crash()";
  await store.close();
  return undefined;
}

/** By the context of node:test (an object) or of Vitest (a function), which throws. */
function skip(context: unknown, reason: string): void {
  if (typeof (Object(context) as { skip?: unknown }).skip !== "function") return;
  (context as { skip(reason: string): void }).skip(reason); // it was looked at in the line above
}
