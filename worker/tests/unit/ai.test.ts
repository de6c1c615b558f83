// Runs the AI functions with a scripted model and real commands. Proves their steps, retries and errors; not what a real model
// answers, and not the limit of one step at a time on the GPU, which the server enforces.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { claimStore } from "../../claims/index.ts";
import { runAgent } from "../../functions/run-agent.ts";
import { summarizeText } from "../../functions/summarize-text.ts";
import { transcribeAudio } from "../../functions/transcribe-audio.ts";
import { transcribeMedia } from "../../functions/transcribe-media.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";
import { type ModelAnswer, startModel } from "../support/model.ts";
import { startWeb, type Web } from "../support/web.ts";

let web: Web | undefined;
afterEach(() => web?.close());

async function model(...answers: ModelAnswer[]) {
  const started = await startModel(answers);
  web = started;
  vi.stubEnv("AI_BASE_URL", `${started.url}/v1`);
  vi.stubEnv("AI_MODEL", "small");
  return started;
}

const asked = (more = {}) => [
  { name: "agent/asked", data: { conversation: "c", question: "What is there?", ...more } },
];
const invoked = (data: unknown) => [{ name: "inngest/function.invoked", data }];

test("the agent calls tools, takes one step per turn, and answers", async () => {
  const folder = dataDirectory();
  mkdirSync(join(folder, "outputs"));
  writeFileSync(join(folder, "outputs/note.txt"), "the note");
  const { prompts } = await model(
    { tool: "list_outputs" },
    { tool: "read_output", input: { path: "note.txt" } },
    { text: "A note." },
  );
  const { result } = await startRun(runAgent, asked(), { answer: { ids: ["1"] } }).attempt();
  expect(result).toEqual({ answer: "A note.", turns: 3 });
  expect(prompts[2]?.messages.filter(({ role }) => role === "tool").map(({ content }) => content)).toEqual([
    "note.txt",
    "the note",
  ]);
});

test("the agent repeats a failed turn without repeating earlier ones", async () => {
  dataDirectory();
  const { prompts } = await model({ tool: "list_outputs" }, { status: 503 }, { text: "Done." });
  const run = startRun(runAgent, asked(), { answer: { ids: ["1"] } });
  expect((await run.attempt()).error?.message).toContain("answered 503");
  expect((await run.attempt()).result).toEqual({ answer: "Done.", turns: 2 });
  expect(prompts).toHaveLength(3);
});

test("a tool returns its failure to the model and cannot leave the outputs folder", async () => {
  dataDirectory();
  const { prompts } = await model(
    { tool: "read_output", input: { path: "../secret" } },
    { tool: "read_output", input: { path: "/etc/hosts" } },
    { tool: "no_such_tool" },
    { text: "I cannot." },
  );
  await startRun(runAgent, asked(), { answer: { ids: ["1"] } }).attempt();
  const answers = prompts[3]?.messages.filter(({ role }) => role === "tool").map(({ content }) => content);
  expect(answers).toEqual([
    expect.stringContaining("leaves the outputs folder"),
    expect.stringContaining("must be relative"),
    'There is no tool "no_such_tool".',
  ]);
});

test("the agent gives up after maxTurns", async () => {
  dataDirectory();
  await model({ tool: "list_outputs" }, { tool: "list_outputs" }, { text: "too late" });
  const { error } = await startRun(runAgent, asked({ maxTurns: 2 })).attempt();
  expect(error).toMatchObject({
    name: "NonRetriableError",
    message: expect.stringContaining("no answer within 2 turns"),
  });
});

test("the agent without AI_BASE_URL says what to set and does not retry", async () => {
  const { error } = await startRun(runAgent, asked()).attempt();
  expect(error).toMatchObject({ name: "NonRetriableError", message: expect.stringMatching(/^AI_BASE_URL is not set/) });
});

test.each([
  [{ status: 401 }, "NonRetriableError"],
  [{ status: 429 }, "Error"],
  [{ raw: "{}" }, "NonRetriableError"],
] as [ModelAnswer, string][])("a model that answers %j fails the step with a %s", async (answer, name) => {
  dataDirectory();
  await model(answer);
  expect((await startRun(runAgent, asked()).attempt()).error?.name).toBe(name);
});

test("transcribe-audio runs the command on the recording and returns a claim for its output", async () => {
  dataDirectory();
  vi.stubEnv("TRANSCRIBE_COMMAND", `sed "s/audio/words of/" {input}`);
  const store = await claimStore();
  const recording = await store.put("recording", "audio one");
  const { result } = await startRun(transcribeAudio, invoked({ recording })).attempt();
  expect((await store.read(result as typeof recording)).toString()).toBe("words of one");
});

test.each([
  ["no-such-program-here", "TRANSCRIBE_COMMAND names a program that does not exist", "NonRetriableError"],
  ["ls --no-such-option", "TRANSCRIBE_COMMAND exited with", "Error"],
  ["", "TRANSCRIBE_COMMAND is not set", "NonRetriableError"],
])("transcribe-audio with the command %j fails with the reason", async (command, message, name) => {
  dataDirectory();
  vi.stubEnv("TRANSCRIBE_COMMAND", command);
  const recording = await (await claimStore()).put("recording", "audio");
  const { error } = await startRun(transcribeAudio, invoked({ recording })).attempt();
  expect(error).toMatchObject({ name, message: expect.stringContaining(message) });
});

test("transcribe-audio hides the worker's keys from the command", async () => {
  dataDirectory();
  vi.stubEnv(
    "TRANSCRIBE_COMMAND",
    `sh -c "printenv INNGEST_SIGNING_KEY || printenv INNGEST_EVENT_KEY || printenv AI_API_KEY || exit 3" {input}`,
  );
  vi.stubEnv("AI_API_KEY", "secret");
  const recording = await (await claimStore()).put("recording", "audio");
  const { error } = await startRun(transcribeAudio, invoked({ recording })).attempt();
  expect(error?.message).toContain("TRANSCRIBE_COMMAND exited with 3");
});

test("summarize-text sends the claimed text to the model", async () => {
  dataDirectory();
  const { prompts } = await model({ text: "Short." });
  const text = await (await claimStore()).put("text", "A long story.");
  expect((await startRun(summarizeText, invoked({ text })).attempt()).result).toEqual({ summary: "Short." });
  expect(prompts[0]?.messages.at(-1)).toEqual({ role: "user", content: "A long story." });
});

test("summarize-text rejects a text that was altered in the store", async () => {
  dataDirectory();
  await model({ text: "Short." });
  const text = await (await claimStore()).put("text", "A long story.");
  const { error } = await startRun(summarizeText, invoked({ text: { ...text, sha256: "0".repeat(64) } })).attempt();
  expect(error).toMatchObject({ name: "ClaimError" });
});

test("transcribe-media downloads the recording once and returns transcript and summary", async () => {
  dataDirectory();
  const claim = await (await claimStore()).put("transcript", "words");
  web = await startWeb((_, response) => response.end("audio"));
  const event = [{ name: "media/transcribe", data: { url: web.url } }];
  const steps = { transcribe: claim, summarize: { summary: "S." }, announce: { ids: ["1"] } };
  expect((await startRun(transcribeMedia, event, steps).attempt()).result).toEqual({
    transcript: claim,
    summary: "S.",
  });
  expect(web.requests).toHaveLength(1);
});
