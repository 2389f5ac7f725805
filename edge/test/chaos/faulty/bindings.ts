import { faultyD1 } from "../../support/faulty-d1.ts";
import { withFaults } from "./faults.ts";

/** The Worker's bindings with faults in them. Nobody behind them can tell. */
export function faultyEnv(env: Cloudflare.Env): Cloudflare.Env {
  return {
    ...env,
    DB: faultyD1(env.DB, (call) => withFaults("database", call)),
    FILES: faultyBucket(env.FILES),
    DISPATCHER: faultyNamespace(env.DISPATCHER),
    USER_HUB: faultyNamespace(env.USER_HUB),
    SOCK_SESSION: faultyNamespace(env.SOCK_SESSION),
  };
}

/** A native object whose methods are called through `around`. */
function withCalls<T extends object>(target: T, around: (call: () => Promise<unknown>, args: unknown[]) => Promise<unknown>): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => around(async () => Reflect.apply(member, target, args) as unknown, args);
    },
  });
}

function faultyBucket(bucket: R2Bucket): R2Bucket {
  return withCalls(bucket, async (call, args) => {
    let wasCalled = false;
    try {
      return await withFaults("files", () => {
        wasCalled = true;
        return call();
      });
    } catch (error) {
      // A store that refuses lets go of the body.
      const body = args[1];
      if (!wasCalled && body instanceof ReadableStream) await body.cancel(error);
      throw error;
    }
  });
}

function faultyNamespace<T extends Rpc.DurableObjectBranded>(namespace: DurableObjectNamespace<T>): DurableObjectNamespace<T> {
  const faulty = {
    idFromName: (name: string) => namespace.idFromName(name),
    idFromString: (id: string) => namespace.idFromString(id),
    newUniqueId: () => namespace.newUniqueId(),
    get: (id: DurableObjectId) => withCalls(namespace.get(id), (call) => withFaults("calls", call)),
  };
  return faulty as unknown as DurableObjectNamespace<T>;
}
