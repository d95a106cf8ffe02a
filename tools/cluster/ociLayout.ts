// OCI image layouts, for image tools that take a folder: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
import { createHash } from 'node:crypto';
import { createReadStream, linkSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

export interface LayoutImage {
  /** The media type and the bytes of the manifest. */
  mediaType: string;
  manifest: Buffer;
  name: string;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

export const blobsOf = (layout: string): string => join(layout, 'blobs/sha256');

/** Writes a blob and returns its description. */
export function writeBlob(layout: string, mediaType: string, content: Buffer): Blob {
  mkdirSync(blobsOf(layout), { recursive: true });
  const digest = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(blobsOf(layout), digest), content);
  return { mediaType, digest: `sha256:${digest}`, size: content.length };
}

/** Writes the manifest and the files that make a folder of blobs a layout with one image. */
export function writeIndex(layout: string, { mediaType, manifest, name }: LayoutImage): void {
  const entry = {
    ...writeBlob(layout, mediaType, manifest),
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
  };
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

const ARCHITECTURES: Record<string, string> = { x64: 'amd64' };

/** Writes a layout with an image whose only layer is the root file system in `tar`, which is linked, not copied. */
export async function layoutOfRoot(name: string, tar: string, layout: string): Promise<void> {
  mkdirSync(blobsOf(layout), { recursive: true });
  const hash = createHash('sha256');
  await pipeline(createReadStream(tar), hash);
  const digest = hash.digest('hex');
  linkSync(tar, join(blobsOf(layout), digest));
  const layer: Blob = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: `sha256:${digest}`,
    size: statSync(tar).size,
  };
  const config = writeBlob(
    layout,
    'application/vnd.oci.image.config.v1+json',
    Buffer.from(
      JSON.stringify({
        architecture: ARCHITECTURES[process.arch] ?? process.arch,
        os: 'linux',
        config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
        history: [{ created_by: 'mmdebstrap' }], // builders compare it with the number of layers
      }),
    ),
  );
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }));
  writeIndex(layout, { mediaType: MANIFEST, manifest, name });
}
