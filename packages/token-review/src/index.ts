export { buildTokenReview, tokenReviewPath, type TokenReviewRequest } from './build-token-review.ts'
export { readTokenReview, type TokenReviewAnswer, type TokenVerdict } from './read-token-review.ts'
export { tokenReviewLimits } from './token-review-limits.ts'
