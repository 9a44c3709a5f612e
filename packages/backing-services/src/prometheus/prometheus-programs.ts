import type { Report } from '../backing-server.ts';
import { canInstallPackages, installPackage } from '../debian-package.ts';
import { programOnPath } from '../program-on-path.ts';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

const OTHER_WAYS = `Put prometheus and promtool on PATH: they come with Debian's and Ubuntu's package prometheus, or from https://prometheus.io/download`;

const onPath = async (): Promise<PrometheusPrograms | null> => {
  const [prometheus, promtool] = await Promise.all([programOnPath('prometheus'), programOnPath('promtool')]);
  return prometheus === null || promtool === null ? null : { prometheus, promtool };
};

/** Prometheus and its checker: those on PATH, else the distribution's package. @throws with what to do where there is no way */
export const prometheusPrograms = async (report: Report): Promise<PrometheusPrograms> => {
  const found = await onPath();
  if (found !== null) return found;
  if (await canInstallPackages()) await installPackage({ name: 'prometheus', otherWays: OTHER_WAYS }, report);
  const installed = await onPath();
  if (installed === null) throw new Error(`Prometheus is missing, and the rules cannot be checked without it. ${OTHER_WAYS}`);
  return installed;
};
