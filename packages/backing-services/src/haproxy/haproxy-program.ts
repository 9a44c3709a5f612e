import type { Report } from '../backing-server.ts';
import { canInstallPackages, installPackage } from '../debian-package.ts';
import { programOnPath } from '../program-on-path.ts';

const OTHER_WAYS = 'Put haproxy on PATH: it is in the package haproxy of most distributions, and in Homebrew.';

/** HAProxy: the one on PATH, else the distribution's package. @throws with what to do where there is no way */
export const haproxyProgram = async (report: Report): Promise<string> => {
  const found = await programOnPath('haproxy');
  if (found !== null) return found;
  if (await canInstallPackages()) await installPackage({ name: 'haproxy', otherWays: OTHER_WAYS }, report);
  const installed = await programOnPath('haproxy');
  if (installed === null) throw new Error(`HAProxy is missing, and the load balancer cannot be run without it. ${OTHER_WAYS}`);
  return installed;
};
