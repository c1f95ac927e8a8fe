import { openDatabase } from '../../server/store/database.ts';
import { aGatewayHouse } from './gateway-house.ts';

/** `node gateway-process.ts FILE`: a server of gateway and intake only, to be killed. Says where it is, and a token. */
const file = process.argv[2];
if (file === undefined) throw new Error('expected the file of a database');
const house = await aGatewayHouse({ db: await openDatabase({ file }), limits: { presenceEveryMs: 20 } });
console.log(JSON.stringify({ url: house.url, joinToken: await house.aToken({ usesMax: 100 }) }));
