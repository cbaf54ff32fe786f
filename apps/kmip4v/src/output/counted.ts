export { counted } from '@lib/kernel';
