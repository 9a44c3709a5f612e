/**
 * How many standard deviations the ranks of two samples are apart (Mann and Whitney's U, normal approximation). Beyond 4 is chance once in
 * 15,000 comparisons. Times have no normal distribution, and their means tell of one slow answer more than of all the others.
 */
export const mannWhitneyZ = (one: readonly number[], other: readonly number[]): number => {
  const all = [...one.map((value) => ({ value, isOne: true })), ...other.map((value) => ({ value, isOne: false }))];
  all.sort((a, b) => a.value - b.value);
  let ranksOfOne = 0;
  let at = 0;
  while (at < all.length) {
    let end = at;
    while (all[end]?.value === all[at]?.value) end += 1;
    // Equal values share the mean of their ranks.
    const rank = (at + 1 + end) / 2;
    ranksOfOne += rank * all.slice(at, end).filter(({ isOne }) => isOne).length;
    at = end;
  }
  const [n, m] = [one.length, other.length];
  const u = ranksOfOne - (n * (n + 1)) / 2;
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
};
