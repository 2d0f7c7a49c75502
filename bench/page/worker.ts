/** An engine in a worker of the page, as it has a process of its own in Node. */
import { type Call, serveCalls } from '../engines/host.ts';

const answer = serveCalls((message) => postMessage(message));
addEventListener('message', ({ data }) => answer(data as Call));
