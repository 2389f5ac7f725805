import { AppError } from "@star-graph/shared/errors";

/** Form fields that may carry the picture. */
const FIELDS = ["file", "image"];

/**
 * The picture of an upload request: the one file of a form, or the body itself. What it is, its bytes tell.
 * @throws {AppError} `BAD_REQUEST` when there is none, or a form that cannot be read.
 */
export async function readUpload(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  if (!/^multipart\/form-data\b/i.test(request.headers.get("Content-Type") ?? "")) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length === 0) throw missing();
    return bytes;
  }
  const form = await readForm(request);
  for (const field of FIELDS) {
    const value: unknown = form.get(field);
    if (value instanceof Blob && value.size > 0) return new Uint8Array(await value.arrayBuffer());
  }
  throw missing();
}

async function readForm(request: Request): Promise<FormData> {
  // Read first, so that a body which is too large is told apart from a form that is broken.
  const body = await request.arrayBuffer();
  try {
    return await new Response(body, { headers: { "Content-Type": request.headers.get("Content-Type") ?? "" } }).formData();
  } catch (cause) {
    throw new AppError("BAD_REQUEST", { cause, text: { zh: "表单无法解析", en: "The form cannot be read" } });
  }
}

function missing(): AppError {
  const message = "the picture is missing: the body itself, or the form field `file`";
  return new AppError("BAD_REQUEST", {
    text: { zh: "请求参数错误：file: 缺少图片（请求体或表单字段 file）", en: `The request is not valid: file: ${message}` },
    issues: [{ path: "file", message }],
  });
}
