import { serve } from "inngest/next";
import { inngest } from "../../../../../worker/client.ts";
import { functions } from "../../../../../worker/functions/index.ts";

// The functions use files and processes, which the edge runtime does not support.
export const runtime = "nodejs";

export const { GET, POST, PUT } = serve({ client: inngest, functions, enableUnauthedSync: false });
