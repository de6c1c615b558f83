import { settings } from "../environment.ts";
import { createDriver } from "./driver.ts";
import { ClaimStore } from "./store.ts";

const stores = new Map<string, Promise<ClaimStore>>();

/** The claim store at `CLAIM_STORE`, opened on first use. */
export function claimStore(): Promise<ClaimStore> {
  const address = settings().claimStore;
  let store = stores.get(address.href);
  if (!store) {
    store = createDriver(address).then((driver) => new ClaimStore(driver));
    stores.set(address.href, store);
  }
  return store;
}
