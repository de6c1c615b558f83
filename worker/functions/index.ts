import type { InngestFunction } from "inngest";
import { settings } from "../environment.ts";
import { acceptWebhook } from "./accept-webhook.ts";
import { createAuditTriggers } from "./audit-triggers.ts";
import { expireClaims } from "./expire-claims.ts";
import { heartbeat } from "./heartbeat.ts";
import { importRecords } from "./import-records.ts";
import { processTask } from "./process-task.ts";
import { recordTask } from "./record-task.ts";
import { relayGateway } from "./relay-gateway.ts";
import { runAgent } from "./run-agent.ts";
import { summarizeText } from "./summarize-text.ts";
import { transcribeAudio } from "./transcribe-audio.ts";
import { transcribeMedia } from "./transcribe-media.ts";
import { updateProject } from "./update-project.ts";
import { verifyProbe } from "./verify-probe.ts";
import { verifyProbeChained } from "./verify-probe-chained.ts";

const general = [processTask, recordTask, updateProject, importRecords, acceptWebhook];
const ai = [transcribeMedia, transcribeAudio, summarizeText, runAgent];
const upkeep = [heartbeat, expireClaims, createAuditTriggers(() => functions), verifyProbe, verifyProbeChained];

/** The functions that this process serves: those of `WORK`, upkeep always, and the agent gateway's relay when there is Redis. */
export const functions: InngestFunction.Any[] = selectFunctions();

function selectFunctions(): InngestFunction.Any[] {
  const { work, redisUrl } = settings();
  const chosen: InngestFunction.Any[] = [...upkeep];
  if (work !== "ai") chosen.unshift(...general);
  if (work !== "general") chosen.push(...ai);
  if (redisUrl) chosen.push(relayGateway);
  return chosen;
}
