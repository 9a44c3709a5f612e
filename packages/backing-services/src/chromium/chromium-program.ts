import type { Report } from '../backing-server.ts';
import { canInstallPackages, installPackage } from '../debian-package.ts';
import { programOnPath } from '../program-on-path.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

const OTHER_WAYS = `Put ${PROGRAMS.join(', ')} or a link of that name on PATH.`;

const onPath = async (): Promise<string | null> => {
  for (const name of PROGRAMS) {
    const program = await programOnPath(name);
    if (program !== null) return program;
  }
  return null;
};

/** The Chromium on PATH, else the distribution's package; null, and said why, where this machine cannot have one. */
export const chromiumProgram = async (report: Report): Promise<string | null> => {
  const found = await onPath();
  if (found !== null) return found;
  if (!(await canInstallPackages())) {
    report(`There is no Chromium here, and what needs a browser is left out. ${OTHER_WAYS}`);
    return null;
  }
  try {
    await installPackage({ name: 'chromium', otherWays: OTHER_WAYS }, report);
  } catch (error) {
    report(`What needs a browser is left out. ${(error as Error).message}`);
  }
  return onPath();
};
