import { expect, test } from "vitest";

import { CountenanceError } from "../src/errors.js";
import { Admission, type AdmissionLimits } from "../src/internal/admission.js";
import { Slots } from "../src/internal/slots.js";

const IDLE = { pending: 0, pendingBytes: 0, pictureBytes: 0 };

function admissionWith(limits: Partial<AdmissionLimits> = {}): Admission {
  return new Admission({
    queueLimit: 100,
    maxPendingBytes: 1000,
    maxDecodes: 2,
    maxPictures: 4,
    maxPictureBytes: 400,
    ...limits,
  });
}

/** A promise and the function that ends it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Lets everything run that waits for nothing but a turn. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  return error instanceof CountenanceError ? error.code : String(error);
}

test("what work returns comes back, and nothing is held afterwards", async () => {
  const admission = admissionWith();
  const result = await admission.run(10, undefined, (permit) =>
    permit.decode(async (reserve) => {
      await reserve(150);
      expect(admission.load).toEqual({ pending: 1, pendingBytes: 10, pictureBytes: 150 });
      return "done";
    }),
  );
  expect(result).toBe("done");
  expect(admission.load).toEqual(IDLE);
});

test("one call above the queue limit is busy, at once and without running its work", async () => {
  const admission = admissionWith({ queueLimit: 2 });
  const { opened, open } = gate();
  const calls = [1, 2].map(() => admission.run(1, undefined, () => opened));
  let ran = false;
  const third = admission.run(1, undefined, async () => {
    ran = true;
  });
  expect(admission.load.pending).toBe(2);
  expect(await codeOf(third)).toBe("COUNTENANCE_BUSY");
  expect(ran).toBe(false);
  open();
  await Promise.all(calls);
  await admission.run(1, undefined, async () => undefined);
  expect(admission.load).toEqual(IDLE);
});

test("bytes above the pending limit are busy; a giant alone is admitted", async () => {
  const admission = admissionWith({ maxPendingBytes: 100 });
  const { opened, open } = gate();
  const giant = admission.run(5000, undefined, () => opened);
  expect(await codeOf(admission.run(1, undefined, () => opened))).toBe("COUNTENANCE_BUSY");
  open();
  await giant;
  await Promise.all([60, 40].map((bytes) => admission.run(bytes, undefined, turns)));
  expect(admission.load).toEqual(IDLE);
});

test("decodes run at most maxDecodes at a time, first come, first served", async () => {
  const admission = admissionWith({ maxPictures: 100, maxPictureBytes: 100 });
  const started: number[] = [];
  let running = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      admission.run(1, undefined, (permit) =>
        permit.decode(async () => {
          started.push(i);
          most = Math.max(most, ++running);
          await turns();
          running--;
        }),
      ),
    ),
  );
  expect(most).toBe(2);
  expect(started).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(admission.load).toEqual(IDLE);
});

test("admissions that share slots decode together no more than these, first come, first served", async () => {
  const slots = new Slots(2);
  const limits = { queueLimit: 9, maxPendingBytes: 9, maxPictures: 9, maxPictureBytes: 9 };
  const several = [1, 2, 3].map(() => new Admission({ ...limits, maxDecodes: 2 }, slots));
  const started: number[] = [];
  let running = 0;
  let most = 0;
  await Promise.all(
    several.map((admission, i) =>
      admission.run(1, undefined, (permit) =>
        permit.decode(async () => {
          started.push(i);
          most = Math.max(most, ++running);
          await turns();
          running--;
        }),
      ),
    ),
  );
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2]);
  expect(slots.taken).toBe(0);
});

test("who waits for memory lends its shared slot, and takes it back to decode", async () => {
  const slots = new Slots(1);
  const limits = { queueLimit: 9, maxPendingBytes: 9, maxPictures: 1, maxPictureBytes: 9 };
  const [full, free] = [1, 2].map(() => new Admission({ ...limits, maxDecodes: 1 }, slots));
  const { opened, open } = gate();
  const holder = full?.run(1, undefined, async (permit) => {
    await permit.decode((reserve) => reserve(1));
    await opened;
  });
  await turns();
  const controller = new AbortController();
  const wait = (signal?: AbortSignal) =>
    full?.run(1, signal, (permit) =>
      permit.decode(async (reserve) => {
        await reserve(1);
        return slots.taken;
      }),
    );
  const aborted = expect(wait(controller.signal)).rejects.toMatchObject({
    code: "COUNTENANCE_ABORTED",
  });
  const waiting = wait();
  await turns();
  expect(await free?.run(1, undefined, (permit) => permit.decode(async () => "done"))).toBe("done");
  controller.abort();
  await aborted;
  open();
  await holder;
  expect(await waiting).toBe(1);
  expect(slots.taken).toBe(0);
});

test("a picture holds its memory until its use has ended, so few are alive at once", async () => {
  const admission = admissionWith({ maxPictures: 3, maxPictureBytes: 3000 });
  let alive = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 40 }, () =>
      admission.run(1, undefined, async (permit) => {
        await permit.decode((reserve) => reserve(1));
        most = Math.max(most, ++alive);
        await turns();
        alive--;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(admission.load).toEqual(IDLE);
});

test("large pictures wait for memory, and one larger than all of it still has its turn", async () => {
  const admission = admissionWith({ maxPictureBytes: 400 });
  const sizes = [300, 300, 5000, 10, 10];
  let held = 0;
  let most = 0;
  await Promise.all(
    sizes.map((size) =>
      admission.run(1, undefined, async (permit) => {
        await permit.decode((reserve) => reserve(size));
        most = Math.max(most, (held += Math.min(size, 400)));
        await turns();
        held -= Math.min(size, 400);
      }),
    ),
  );
  expect(most).toBeLessThanOrEqual(400);
  expect(admission.load).toEqual(IDLE);
});

test("an aborted wait ends at once, with the reason, and gives its place back", async () => {
  const admission = admissionWith({ maxDecodes: 1 });
  const { opened, open } = gate();
  const first = admission.run(1, undefined, (permit) => permit.decode(() => opened));
  const controller = new AbortController();
  const second = admission.run(1, controller.signal, (permit) => permit.decode(turns));
  const third = admission.run(1, undefined, (permit) => permit.decode(async () => "third"));
  const reason = new Error("gone");
  controller.abort(reason);
  await expect(second).rejects.toMatchObject({
    name: "AbortedError",
    code: "COUNTENANCE_ABORTED",
    cause: reason,
  });
  expect(admission.load.pending).toBe(2);
  open();
  await first;
  expect(await third).toBe("third");
  expect(admission.load).toEqual(IDLE);
});

test("an aborted wait for memory lets lighter ones behind it pass", async () => {
  const admission = admissionWith({ maxDecodes: 3, maxPictures: 400, maxPictureBytes: 400 });
  const { opened, open } = gate();
  const hold = (bytes: number, signal?: AbortSignal) =>
    admission.run(1, signal, async (permit) => {
      await permit.decode((reserve) => reserve(bytes));
      await opened;
    });
  const controller = new AbortController();
  const calls = [hold(300), hold(200, controller.signal), hold(100)];
  await turns();
  expect(admission.load.pictureBytes).toBe(300);
  controller.abort();
  await turns();
  expect(admission.load.pictureBytes).toBe(400);
  open();
  expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(admission.load).toEqual(IDLE);
});

test("an aborted signal is refused before anything is counted", async () => {
  const admission = admissionWith();
  expect(await codeOf(admission.run(1, AbortSignal.abort(), turns))).toBe("COUNTENANCE_ABORTED");
  expect(admission.load).toEqual(IDLE);
});

test("every path of failure gives everything back", async () => {
  const admission = admissionWith({ maxDecodes: 1 });
  const boom = new Error("boom");
  const failures = [
    admission.run(5, undefined, () => Promise.reject(boom)),
    admission.run(5, undefined, () => {
      throw boom;
    }),
    admission.run(5, undefined, (permit) => permit.decode(() => Promise.reject(boom))),
    admission.run(5, undefined, (permit) =>
      permit.decode(async (reserve) => {
        await reserve(10);
        throw boom;
      }),
    ),
    admission.run(5, undefined, async (permit) => {
      await permit.decode((reserve) => reserve(10));
      throw boom;
    }),
  ];
  for (const failure of failures) await expect(failure).rejects.toBe(boom);
  expect(admission.load).toEqual(IDLE);
});

test("listeners do not outlive the calls of a long-lived signal", async () => {
  const admission = admissionWith({ maxDecodes: 1 });
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await Promise.all(
    Array.from({ length: 9 }, () => admission.run(1, signal, (permit) => permit.decode(turns))),
  );
  expect(listeners).toBe(0);
});
