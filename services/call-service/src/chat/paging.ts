import { wholeNumber } from '../http/whole-number.ts';

const MAX_PAGE = 1_000_000;
const MAX_LIMIT = 100;

/** Pages are counted from 1. */
export const page = () => wholeNumber(MAX_PAGE).default(1);

export const pageSize = (usual: number) => wholeNumber(MAX_LIMIT).default(usual);
