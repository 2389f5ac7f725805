import { z } from "zod";

const ServerFile = z.object({ filename: z.string().min(1), subfolder: z.string().catch(""), type: z.string().catch("output") });
/** A file on the server, by the three names that `/view` needs as they were given. */
export type ServerFile = z.infer<typeof ServerFile>;

/**
 * Files of one output node. Videos come under `images` too, other nodes have `gifs` or `videos`: what a file is, its name and
 * then its bytes say. Anything else that a node reports is none of ours.
 */
export const OutputFiles = z
  .record(z.string(), z.unknown())
  .catch({})
  .transform((output) =>
    Object.values(output).flatMap((value) => {
      const files = z.array(ServerFile).safeParse(value);
      return files.success ? files.data : [];
    }),
  );
export type OutputFiles = z.infer<typeof OutputFiles>;

/** By node. */
export type Outputs = ReadonlyMap<string, readonly ServerFile[]>;
