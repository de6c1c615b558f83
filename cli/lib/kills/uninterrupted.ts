/** Delays Ctrl-C until `action` has brought back the parts that it killed. */
export async function uninterrupted<T>(action: () => Promise<T>): Promise<T> {
  let interrupted = false;
  const note = () => {
    interrupted = true;
    console.error("\nCtrl-C: what was killed is brought back first.");
  };
  process.on("SIGINT", note);
  try {
    return await action();
  } finally {
    process.off("SIGINT", note);
    if (interrupted) process.exit(130);
  }
}
