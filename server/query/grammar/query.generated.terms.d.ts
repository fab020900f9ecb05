export const Regex: number;
export const Star: number;
export const None: number;
export const Range: number;
export const Comparison: number;
export const Cidr: number;
