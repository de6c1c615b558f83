import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface KeyPair {
  certificate: string;
  key: string;
}

/** A certificate authority whose files are in a folder. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.certificate = join(folder, "ca.crt");
    openssl(folder, "req", "-x509", ...newKey("ca"), "-out", "ca.crt", "-days", "3650", "-subj", "/CN=cluster-ca");
  }

  /** Issues a certificate for a server on 127.0.0.1 and for a client with this subject, with its key. */
  issue(name: string, subject: string): KeyPair {
    const folder = this.#folder;
    writeFileSync(join(folder, `${name}.ext`), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
    openssl(folder, "req", ...newKey(name), "-out", `${name}.csr`, "-subj", subject);
    openssl(
      folder,
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-out", `${name}.crt`, "-days", "3650", "-extfile", `${name}.ext`],
    );
    return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  }
}

function newKey(name: string): string[] {
  return ["-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`];
}

function openssl(folder: string, ...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}
