import { type ConformanceOptions, storeConformance } from "../../src/testing/store-conformance.js";

export interface CollectedRule {
  readonly name: string;
  readonly run: (...context: unknown[]) => Promise<void>;
}

/** The suite's rules, to be run by hand. */
export function collectedRules(options: ConformanceOptions): readonly CollectedRule[] {
  const rules: CollectedRule[] = [];
  storeConformance((name, run) => rules.push({ name, run }), options);
  return rules;
}

/** Why a rule is broken; `undefined` when it is kept. */
export async function failureOf({ run }: CollectedRule): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
