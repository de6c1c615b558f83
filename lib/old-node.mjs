// Pulumi.yaml has Node load this before the program, because of which an older Node would say: Unknown file extension ".ts".
if (!("typescript" in process.features && process.features.typescript)) {
  console.error(
    `Node ${process.versions.node} is too old for this program, which needs 22.18. Remedy: npm start, which brings a ` +
      "newer one, or install Node 24 (https://nodejs.org)",
  );
  process.exit(1);
}
