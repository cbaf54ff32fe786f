import instance from './instance.json';
import overview from './overview.json';
import problem from './problem.json';
import shell from './shell.json';
import words from './words.json';

export default { ...shell, ...problem, ...instance, ...overview, ...words };
